#!/usr/bin/env node
// Drives running MiniMax (v2) and Ark mocks with Vercel's AI SDK, and says whether they agree.
//
//   npm install @ai-sdk/minimax@3.0.45 @ai-sdk/bytedance@1.0.29
//   node ai_sdk.mjs MINIMAX_URL ARK_URL KEY CONTROL_URL
//
// Run it in the folder of node_modules. Both mocks must know KEY and no other:
//
//   RINGBACK_MINIMAX_KEY=KEY RINGBACK_DOUBAO_KEY=KEY ringback mock minimax doubao --format json
//
// One line per step; the exit code is 1 when one fails, 2 when the call is wrong.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [minimaxUrl, arkUrl, key, control] = process.argv.slice(2).map(text => text.replace(/\/$/, ''));
if (!control) {
  console.error('ai_sdk.mjs MINIMAX_URL ARK_URL KEY CONTROL_URL');
  process.exit(2);
}

async function load(name) {
  const folder = join(process.cwd(), 'node_modules', name);
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const loaded = await import(pathToFileURL(join(folder, main)));
  return loaded.default && Object.keys(loaded).length === 1 ? loaded.default : loaded;
}

const { createMiniMax } = await load('@ai-sdk/minimax');
const { createByteDance } = await load('@ai-sdk/bytedance');

// A prompt holds one of these words; the course of the mock does not matter then.
const rules = [
  'prompt=ai-sdk-good: succeeded after 100ms+100ms', 'prompt=ai-sdk-bad: moderated after 100ms',
  'prompt=ai-sdk-storm: refuse moderation', 'prompt=ai-sdk-poor: refuse balance', 'prompt=ai-sdk-busy: refuse rate-limit',
];
await fetch(`${control}/rules`, { method: 'POST', body: rules.join('\n') });

const image = { type: 'url', url: 'https://images.example.com/boat.png' };
const pause = { pollIntervalMs: 100, pollTimeoutMs: 10_000 };
const made = (model, options = {}) => model.doGenerate({
  prompt: 'ai-sdk-good', n: 1, ...options,
  providerOptions: {
    minimax: { ...pause, ...options.extra }, bytedance: { ...pause, ...options.extra },
  },
});

async function plays({ videos: [video], warnings }) {
  if (warnings.length) throw new Error(`warned: ${JSON.stringify(warnings)}`);
  const answer = await fetch(video.url);
  const body = Buffer.from(await answer.arrayBuffer());
  const seen = [answer.status, answer.headers.get('content-type'), body.toString('latin1', 4, 8)].join();
  if (seen !== '200,video/mp4,ftyp') throw new Error(`the result is ${seen}`);
}

async function refused(promise, status, sentence) {
  const error = await promise.then(() => undefined, error => error);
  if (!error) throw new Error('it succeeded');
  if (error.statusCode !== status || !error.message.includes(sentence)) {
    throw new Error(`${error.statusCode} ${error.message}`);
  }
}

const minimax = createMiniMax({ apiKey: key, videoBaseURL: minimaxUrl });
const h3 = minimax.video('MiniMax-H3');
const ark = createByteDance({ apiKey: key, baseURL: arkUrl.endsWith('/api/v3') ? arkUrl : `${arkUrl}/api/v3` });
const pro = ark.video('seedance-1-0-pro-250528');
const stranger = 'ark-00000000-0000-4000-8000-000000000000-00000';

const steps = {
  'minimax makes a film of a text': async () => plays(await made(h3)),
  'minimax takes its options': async () =>
    plays(await made(h3, { aspectRatio: '9:16', duration: 15, resolution: '768P', extra: { aigcWatermark: true } })),
  'minimax makes a film of a picture': async () => plays(await made(h3, { image })),
  'minimax makes a film between two pictures': async () =>
    plays(await made(h3, { frameImages: [{ image, frameType: 'first_frame' }, { image, frameType: 'last_frame' }] })),
  'minimax takes references': async () => plays(await made(h3, {
    inputReferences: [{ ...image, mediaType: 'image/png' }, { ...image, mediaType: 'video/mp4' }],
    extra: { referenceAudioUrls: ['mm_file://12', 'https://images.example.com/a.mp3'] },
  })),
  'minimax has a second model': async () => plays(await made(minimax.video('MiniMax-H3-Max'))),
  'minimax fails': () => refused(made(h3, { prompt: 'ai-sdk-bad' }), undefined, '(1026)'),
  'minimax refuses a prompt': () => refused(made(h3, { prompt: 'ai-sdk-storm' }), 422, '(1026)'),
  'minimax refuses the poor': () => refused(made(h3, { prompt: 'ai-sdk-poor' }), 402, '(1008)'),
  'minimax refuses the hasty': () => refused(made(h3, { prompt: 'ai-sdk-busy' }), 429, '(1002)'),
  'minimax refuses silence': () => refused(made(h3, { prompt: '' }), 400, '(2013)'),
  'minimax refuses a strange model': () => refused(made(minimax.video('MiniMax-H0')), 400, '(2013)'),
  'minimax refuses a strange key': () =>
    refused(made(createMiniMax({ apiKey: stranger, videoBaseURL: minimaxUrl }).video('MiniMax-H3')), 401, '(1004)'),
  'minimax knows no such task': () => refused(
    h3.doStatus({ operation: { taskId: '424010985738629', resolvedInputs: { imageCount: 0, referenceVideoIndices: [] } } }),
    400, 'invalid task_id (2013)',
  ),
  'ark makes a film of a text': async () => plays(await made(pro)),
  'ark takes its options': async () => plays(await made(pro, {
    aspectRatio: '9:16', duration: 10, resolution: '1088x1920', seed: 7,
    extra: { watermark: true, cameraFixed: true, returnLastFrame: true, serviceTier: 'default' },
  })),
  'ark makes a film of a picture': async () => plays(await made(pro, { image })),
  'ark makes a film between two pictures': async () =>
    plays(await made(ark.video('seedance-1-5-pro-251215'), { image, extra: { lastFrameImage: image.url, generateAudio: true } })),
  'ark takes references': async () =>
    plays(await made(ark.video('seedance-1-0-lite-i2v-250428'), { extra: { referenceImages: [image.url, image.url] } })),
  'ark fails': () => refused(made(pro, { prompt: 'ai-sdk-bad' }), undefined, '"failed"'),
  'ark refuses a prompt': () => refused(made(pro, { prompt: 'ai-sdk-storm' }), 400, 'sensitive information'),
  'ark refuses the poor': () => refused(made(pro, { prompt: 'ai-sdk-poor' }), 403, 'overdue'),
  'ark refuses the hasty': () => refused(made(pro, { prompt: 'ai-sdk-busy' }), 429, 'RPM'),
  'ark refuses a strange model': () => refused(made(ark.video('seedance-0')), 404, 'seedance-0'),
  'ark refuses a strange key': () => refused(
    made(createByteDance({ apiKey: stranger, baseURL: `${arkUrl.replace(/\/api\/v3$/, '')}/api/v3` }).video('seedance-1-0-pro-250528')),
    401, 'API key',
  ),
};

let failed = 0;
for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.message}`);
  }
}
process.exit(failed ? 1 : 0);
