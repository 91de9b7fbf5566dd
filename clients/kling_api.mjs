#!/usr/bin/env node
// Drives a running Kling mock with the client kling-api, verifies the callbacks of both generations with
// standardwebhooks, and says whether they agree.
//
//   npm install kling-api@1.0.0 standardwebhooks@1.1.1
//   node kling_api.mjs BASE_URL ACCESS_KEY SECRET_KEY KEY WEBHOOK_SECRET CONTROL_URL
//
// Run it in the folder of node_modules. The mock must have been started with all of them:
//
//   RINGBACK_KLING_ACCESS_KEY='ACCESS_KEY|SECRET_KEY' RINGBACK_KLING_KEY=KEY \
//     RINGBACK_KLING_SECRET=WEBHOOK_SECRET ringback mock kling --format json
//
// One line per step; the exit code is 1 when one fails, 2 when the call is wrong.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const [url, accessKey, secretKey, key, secret, control] = process.argv.slice(2).map(text => text.replace(/\/$/, ''));
if (!control) {
  console.error('kling_api.mjs BASE_URL ACCESS_KEY SECRET_KEY KEY WEBHOOK_SECRET CONTROL_URL');
  process.exit(2);
}

async function load(name) {
  const folder = join(process.cwd(), 'node_modules', name);
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return import(pathToFileURL(join(folder, main)));
}

const { KlingAPI } = await load('kling-api');
const { Webhook } = await load('standardwebhooks');

function client(secretKey) {
  const client = new KlingAPI({ accessKey, secretKey });
  // The constructor takes no root but an https one; after it nobody looks.
  client.client.defaults.baseURL = url;
  return client;
}

const kling = client(secretKey);
const wait = { interval: 100, timeout: 10_000, showSpinner: false };

// A prompt holds one of these words; the course of the mock does not matter then. Calls that the
// client repeats (codes 1302, 1303, 5xxx) are not made here: it waits long in between.
const rules = [
  'prompt=kling-api-good: succeeded after 100ms+100ms', 'prompt=kling-api-bad: moderated after 100ms',
  'prompt=kling-api-storm: refuse moderation', 'prompt=kling-api-poor: refuse balance',
];
await fetch(`${control}/rules`, { method: 'POST', body: rules.join('\n') });

const prompt = 'kling-api-good';

// A grey picture of 320 by 320 pixels: the client looks at what it sends.
function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
const side = 320;
const size = Buffer.from([0, 0, side >> 8, side & 255, 0, 0, side >> 8, side & 255, 8, 0, 0, 0, 0]);
const png = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', size),
  chunk('IDAT', deflateSync(Buffer.alloc(side * (side + 1)))), chunk('IEND', Buffer.alloc(0)),
]);
const image = join(mkdtempSync(join(tmpdir(), 'kling-api-')), 'boat.png');
writeFileSync(image, png);

async function plays(url, form) {
  const answer = await fetch(url);
  const start = Buffer.from(await answer.arrayBuffer()).toString('latin1', 0, 12);
  if (!answer.ok || !start.includes(form)) throw new Error(`the result is ${answer.status} ${JSON.stringify(start)}`);
}

async function video(create, query) {
  const { data } = await create;
  const result = await kling.waitForVideoResult(data.task_id, query.bind(kling), wait);
  await plays(result.data.task_result.videos[0].url, 'ftyp');
  return result.data.task_result.videos[0].id;
}

async function picture(create, query) {
  const { data } = await create;
  const result = await kling.waitForImageResult(data.task_id, query.bind(kling), wait);
  await plays(result.data.task_result.images[0].url, 'PNG');
}

async function refused(promise, status, code, sentence = '') {
  const error = await promise.then(() => undefined, error => error);
  if (!error) throw new Error('it succeeded');
  if (error.code !== code || !error.message.includes(sentence)) throw new Error(`${error.code} ${error.message}`);
  const seen = error.httpStatus ?? error.statusCode ?? error.status;
  if (seen !== status) throw new Error(`${seen} ${error.message}`);
}

/** Creates a task by hand and returns its callbacks, verified, up to the last. */
async function calledBack(path, body, state) {
  const webhook = new Webhook(secret);
  let ended;
  const seen = [];
  const end = new Promise((resolve, reject) => { ended = { resolve, reject }; });
  const receiver = createServer((request, response) => {
    const parts = [];
    request.on('data', part => parts.push(part));
    request.on('end', () => {
      response.end();
      try {
        seen.push(webhook.verify(Buffer.concat(parts).toString(), request.headers)[state]);
      } catch (error) {
        ended.reject(error);
      }
      if (/^succeed/.test(seen.at(-1))) ended.resolve();
    });
  });
  await new Promise(resolve => receiver.listen(0, '127.0.0.1', resolve));
  const late = setTimeout(() => ended.reject(new Error(`only ${seen} came`)), 10_000);
  try {
    const callback_url = `http://127.0.0.1:${receiver.address().port}/kling?a=b`;
    await fetch(url + path, {
      method: 'POST', body: JSON.stringify(body(callback_url)),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    await end;
  } finally {
    clearTimeout(late);
    receiver.close();
  }
  return seen.join();
}

function same(what, wanted) {
  if (what !== wanted) throw new Error(`it is ${what}, not ${wanted}`);
}

let film;
const steps = {
  'the account is asked for': async () => {
    const { data } = await kling.getAccountInfo(Date.now() - 30 * 86_400_000, Date.now());
    same(data.resource_pack_subscribe_infos[0].status, 'online');
  },
  'a film of a text': async () => {
    film = await video(
      kling.textToVideo({ prompt, model_name: 'kling-v2-6', sound: 'on', duration: '10', mode: 'pro', aspect_ratio: '9:16' }),
      kling.queryTextToVideoTask);
  },
  'a film of a picture': () =>
    video(kling.imageToVideo({ image, image_tail: image, prompt, model_name: 'kling-v1-6', mode: 'pro' }), kling.queryImageToVideoTask),
  'a longer film': () => video(kling.extendVideo({ video_id: film, prompt }), kling.queryExtendVideoTask),
  'a film of two pictures': () =>
    video(kling.multiImageToVideo({ image_list: [{ image }, { image }], prompt }), kling.queryMultiImageToVideoTask),
  'an omni film': () =>
    video(kling.omniVideo({ prompt, image_list: [{ image_url: image, type: 'first_frame' }], duration: '5' }), kling.queryOmniVideoTask),
  'an avatar': () => video(kling.createAvatar({ image, audio_id: '1', prompt, mode: 'std' }), kling.queryAvatarTask),
  'pictures of a text': () =>
    picture(kling.generateImage({ prompt, n: 2, model_name: 'kling-v2-1', resolution: '2k', aspect_ratio: '21:9' }), kling.queryImageGenTask),
  'an omni picture': () =>
    picture(kling.omniImage({ prompt, image_list: [{ image }], n: 1, resolution: '1k' }), kling.queryOmniImageTask),
  'a picture of pictures': () => picture(
    kling.multiImageToImage({ subject_image_list: [{ subject_image: image }], prompt, scene_image: image }),
    kling.queryMultiImageToImageTask),
  'a film that fails': async () => {
    const { data } = await kling.textToVideo({ prompt: 'kling-api-bad' });
    await refused(kling.waitForVideoResult(data.task_id, kling.queryTextToVideoTask.bind(kling), wait),
      undefined, 5000, 'Failure to pass the risk control system');
  },
  'a refused prompt': () => refused(kling.textToVideo({ prompt: 'kling-api-storm' }), 400, 1301),
  'no balance': () => refused(kling.textToVideo({ prompt: 'kling-api-poor' }), 429, 1102),
  'an id twice': async () => {
    const external_task_id = `kling-api-${Date.now()}`;
    await kling.textToVideo({ prompt, external_task_id });
    await refused(kling.textToVideo({ prompt, external_task_id }), 400, 1201, 'already exists');
    same((await kling.queryTextToVideoTask(external_task_id)).data.task_info.external_task_id, external_task_id);
  },
  'an unknown task': () => refused(kling.queryTextToVideoTask('867283741759111202'), 400, 1201, 'Task not found'),
  'a strange secret': () => refused(client('strange').textToVideo({ prompt }), 401, 1000),
  'callbacks of the legacy generation': async () => same(
    await calledBack('/v1/videos/text2video', callback_url => ({ prompt, callback_url }), 'task_status'),
    'processing,succeed'),
  'callbacks of the new generation': async () => same(
    await calledBack('/text-to-video/kling-3.0-turbo', callback_url => ({ prompt, options: { callback_url } }), 'status'),
    'processing,succeeded'),
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
