// What one opened case shows: words, commands, the diagram and its words, marked differences.

import assert from 'node:assert/strict';

import { DIFFERENCES } from './differences.mjs';
import { ESCAPES, named, open, text } from './reading.mjs';

/** Sentence, source, finding, curl line and the commands of a case. */
export async function told({ page, data }) {
  const one = named(data, ESCAPES);
  const body = open(page).locator('.casebody');
  assert.equal(await body.locator('.sentence').innerText(), `${one.requirement} ${one.level}: ${one.sentence}`);
  const source = body.locator('.source a');
  assert.deepEqual([await source.innerText(), await source.getAttribute('href'), await source.getAttribute('rel')], [one.source.page, one.source.url, 'noopener noreferrer']);
  assert.equal(await body.locator('.finding code').innerText(), one.findings[0].curl);
  const commands = await body.locator('.command code').allInnerTexts();
  assert.deepEqual(commands, [one.findings[0].curl, `ringback test gateway ${one.replay}`, `ringback explain ${one.requirement}`]);
}

export async function copied({ page, data, context }) {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy: Send the same request again' }).click();
  await page.getByText('Copied', { exact: true }).waitFor({ timeout: 2000 });
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), named(data, ESCAPES).findings[0].curl);
}

/** Who takes part, every exchange as two arrows between their lines, and when each begins and ends. */
export async function diagram({ page, data }) {
  const { transcript } = named(data, ESCAPES);
  await page.locator('.sequence').waitFor();
  assert.deepEqual(await page.locator('.actorname').allTextContents(), ['client', 'gateway', 'doubao', 'receiver']);
  assert.equal(await page.locator('.heads .time').textContent(), 'ms');
  const began = Math.min(...transcript.map((one) => one.at_ms));
  const drawn = await page.locator('.sequence .exchange').evaluateAll((groups) => groups.map((group) => {
    const number = (selector, name) => Number(group.querySelector(selector).getAttribute(name));
    return {
      times: [...group.querySelectorAll('.time')].map((time) => Number(time.textContent)),
      ask: [number('.ask', 'x1'), number('.ask', 'x2'), number('.ask', 'y1')],
      reply: number('.reply', 'y1'),
      word: group.querySelector('.replyword').textContent,
      accused: group.classList.contains('accused'),
    };
  }));
  const lives = Object.fromEntries((await page.locator('.sequence .life').evaluateAll((lines) => lines.map((line) => Number(line.getAttribute('x1'))))).map((x, at) => [['client', 'gateway', 'doubao', 'receiver'][at], x]));
  const ends = { client: ['client', 'gateway'], upstream: ['gateway', 'doubao'], callback: ['doubao', 'receiver'], inbox: [null, 'receiver'] };
  assert.equal(drawn.length, transcript.length);
  drawn.forEach((one, at) => {
    const exchange = transcript[at];
    const [from, to] = ends[exchange.leg];
    [exchange.at_ms, exchange.at_ms + exchange.took_ms].forEach((time, end) => assert.ok(Math.abs(one.times[end] - (time - began)) < 0.06, `exchange ${at + 1} at ${one.times[end]}`));
    if (from) assert.equal(one.ask[0], lives[from], `exchange ${at + 1} begins at ${from}`);
    assert.ok(Math.abs(one.ask[1] - lives[to]) < 6, `exchange ${at + 1} ends at ${to}`);
    assert.ok(one.ask[2] < one.reply, 'an answer is below its request');
    assert.ok(one.word.startsWith(String(exchange.answer.status)));
    assert.equal(one.accused, named(data, ESCAPES).findings[0].evidence === at);
  });
  const inTime = [...transcript.keys()].sort((one, other) => transcript[one].at_ms - transcript[other].at_ms);
  assert.deepEqual([...transcript.keys()].sort((one, other) => drawn[one].ask[2] - drawn[other].ask[2]), inTime, 'from top to bottom is from early to late');
}

/** An answer that never came is drawn as one, in the diagram and in words. */
export async function silence({ page }) {
  await page.locator('.sequence').waitFor();
  assert.equal(await page.locator('.exchange .cross').count(), 1);
  assert.equal(await page.locator('.exchange .replyword').textContent(), 'no answer');
  assert.equal(await text(page, '.pane .none'), 'No answer: connection reset');
  assert.ok((await page.locator('.exchange title').textContent()).endsWith('no answer'));
}

/** Where nothing happened for long, the diagram is broken and says for how long. */
export async function pause({ page }) {
  await page.locator('.sequence').waitFor();
  assert.deepEqual(await page.locator('.pauseword').allTextContents(), ['1499 ms later']);
  assert.equal(await page.locator('.pause').count(), 1);
}

/** What cannot be seen in the drawing can be read: as a table, and as the name of every arrow. */
export async function inWords({ page, data }) {
  const { transcript } = named(data, ESCAPES);
  await page.getByText('The same as a table').click();
  const rows = await page.locator('.casebody tbody tr').allInnerTexts();
  const arrows = page.getByRole('button', { name: /^Exchange \d+, at [\d.]+ (ms|s): / });
  const spoken = await arrows.evaluateAll((groups) => groups.map((group) => group.querySelector('title').textContent));
  assert.deepEqual([rows.length, spoken.length], [transcript.length, transcript.length]);
  transcript.forEach(({ request, answer }, at) => {
    for (const words of [rows[at], spoken[at]]) assert.ok(words.includes(`${request.method} ${request.target}`) && words.includes(`HTTP ${answer.status}`) && words.includes(' ms'), words);
  });
  await page.locator('.casebody tbody button').last().click();
  assert.match(await text(page, '.pane h4'), new RegExp(`^Exchange ${transcript.length}:`));
  assert.equal(await page.evaluate(() => document.activeElement.className), 'pane');
}

/** The parts that are marked below an element, without the words that say so to a screen reader. */
function marks(where, kind) {
  return where.locator(`${kind}.diff`).evaluateAll((all) => all.map((one) => [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent).join('')));
}

export async function differences({ page }) {
  for (const [at, [expected, actual, gone, come]] of DIFFERENCES.entries()) {
    const finding = page.locator('.finding').nth(at);
    assert.deepEqual([await marks(finding, 'del'), await marks(finding, 'ins')], [gone, come], `${expected.slice(0, 40)} and ${actual.slice(0, 40)}`);
  }
}

/** Only what differs is marked: in the finding, and in the body that it points into. */
export async function differing({ page }) {
  for (const where of ['.finding', '.pane .body']) {
    assert.deepEqual([await marks(page.locator(where), 'del'), await marks(page.locator(where), 'ins')], [['%2F'], ['/']], where);
  }
  const lines = await page.locator('.pane .line.gone, .pane .line.come').allInnerTexts();
  assert.deepEqual(lines.map((line) => line.trim()[0]), ['−', '+'], 'lines are told apart without colour');
}

/** A body is compared with the one before, and shown as it was sent. */
export async function compared({ page, data }) {
  const { transcript } = named(data, 'receiver/signatures/kling-body[kling]');
  await page.getByText('The same as a table').click();
  await page.getByRole('button', { name: 'Show exchange 4' }).click();
  const request = page.getByRole('group', { name: 'How to show the request body' });
  await request.getByRole('button', { name: 'As sent' }).click();
  const body = page.getByRole('region', { name: 'Request body' });
  assert.equal(await body.textContent(), transcript[3].request.body.text);
  await request.getByRole('button', { name: 'Changes since exchange 3' }).click();
  const parts = (kind) => body.locator(`.line.${kind}`).evaluateAll((lines) => lines.map((line) => { line.querySelectorAll('.sr').forEach((one) => one.remove()); return line.textContent; }).join(''));
  const [before, after] = [JSON.parse(transcript[2].request.body.text), JSON.parse(transcript[3].request.body.text)];
  assert.ok(before.task_id !== after.task_id);
  assert.ok(await body.locator('.line.after ins.diff').count() > 0, 'what differs is marked');
  assert.ok((await parts('before')).includes(`"${before.task_id}"`) && (await parts('after')).includes(`"${after.task_id}"`));
  assert.ok((await parts('same')).includes('task_status'), 'what is the same is not marked');
}
