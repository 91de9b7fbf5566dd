// What a page must do: one check a line of the table at the end, each with the report, the address and the
// settings it is opened with. A check throws what is wrong; expectations come from the report's JSON.

import assert from 'node:assert/strict';

import { DIFFERENCES } from './differences.mjs';

const ESCAPES = 'gateway/pass-through/escapes[doubao]';
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
const WORDS = { pass: 'Passed', fail: 'Failed', warn: 'Warned', not_applicable: 'Not applicable', not_testable: 'Not testable', inconclusive: 'Undecided', error: 'Harness error' };

const link = (...names) => `#${new URLSearchParams(names.map((name) => ['case', name]))}`;
const unseen = (text) => text.replace(/[\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);
const names = (data, test) => data.cases.filter(test).map((one) => unseen(one.name)).sort();
const named = (data, name) => data.cases.find((one) => one.name === name);

/** Names of the cases that a reader sees. */
function shown(page) {
  return page.evaluate(() => [...document.querySelectorAll('.case')].filter((row) => row.checkVisibility())
    .map((row) => [...row.querySelector('.name').childNodes].filter((one) => !one.classList?.contains('sr') && !one.classList?.contains('tag')).map((one) => one.textContent).join('').trim()).sort());
}

const open = (page) => page.locator('.case[open]');
const text = (page, selector) => page.locator(selector).first().innerText();
const status = (page) => text(page, '.shown');
const fragment = (page) => page.evaluate(() => location.hash);

async function verdict({ page, data }) {
  assert.match(await text(page, 'h1'), /^✕ Violations exit code 1$/);
  const counts = await page.locator('.counts li').allInnerTexts();
  const wanted = ['fail', 'error', 'inconclusive', 'warn', 'not_testable', 'not_applicable', 'pass'].map((outcome) => data.counts[outcome]);
  assert.deepEqual(counts.map((one) => Number(one.match(/\d+/)[0])), wanted);
  for (const level of ['MUST', 'SHOULD']) {
    const of = data.cases.filter((one) => one.level === level);
    const judged = of.filter((one) => ['pass', 'fail', 'warn'].includes(one.outcome));
    assert.ok((await text(page, '.levels')).includes(`${judged.length} of ${of.length} ${level} cases judged`));
  }
  assert.equal(await page.locator('#plain').isVisible(), false, 'the text in place of the list is still there');
}

/** Every value of every filter shows exactly the cases that have it, and says how many. */
async function filters({ page, data }) {
  const traits = { outcome: (one) => WORDS[one.outcome], level: (one) => one.level, vendor: (one) => one.vendor ?? 'no vendor' };
  for (const [filter, trait] of Object.entries(traits)) {
    const group = page.getByRole('group', { name: filter, exact: false });
    for (const value of new Set(data.cases.map(trait))) {
      const box = group.getByRole('checkbox', { name: value });
      await box.check();
      const wanted = names(data, (one) => trait(one) === value);
      assert.deepEqual(await shown(page), wanted, `${filter} ${value}`);
      assert.equal(await status(page), wanted.length === data.cases.length ? `All ${wanted.length} cases` : `${wanted.length} of ${data.cases.length} cases`);
      await box.uncheck();
    }
  }
  for (const chapter of new Set(data.cases.map((one) => one.chapter))) {
    await page.getByLabel('Chapter').selectOption(chapter);
    assert.deepEqual(await shown(page), names(data, (one) => one.chapter === chapter), chapter);
  }
}

/** Filters add up, are in the address, come back with it, and can be cleared. */
async function shared({ page, data, again }) {
  await page.getByRole('checkbox', { name: 'Failed' }).check();
  await page.getByRole('checkbox', { name: 'kling' }).check();
  await page.getByRole('checkbox', { name: 'vidu' }).check();
  await page.getByLabel('Chapter').selectOption('pass-through');
  await page.getByLabel('Search').fill('ESCAPES as-written'.replace('-', ' '));
  const wanted = names(data, (one) => one.outcome === 'fail' && ['kling', 'vidu'].includes(one.vendor) && one.sentence.includes('escapes'));
  assert.equal(wanted.length, 2);
  assert.deepEqual(await shown(page), wanted);
  const other = await again({ hash: await fragment(page) });
  assert.deepEqual(await shown(other.page), wanted, 'the link shows the same');
  assert.equal(await other.page.getByLabel('Search').inputValue(), 'ESCAPES as written');
  assert.equal(await other.page.getByRole('checkbox', { name: 'vidu' }).isChecked(), true);
  await other.page.getByLabel('Search').fill('nothing has these words');
  assert.equal(await status(other.page), 'No case matches these filters');
  await other.page.getByRole('button', { name: 'Clear filters' }).click();
  assert.equal((await shown(other.page)).length, data.cases.length);
  assert.equal(await fragment(other.page), '');
  assert.deepEqual(other.noise, []);
  await other.context.close();
}

async function deepLink({ page }) {
  assert.equal(await open(page).count(), 1);
  assert.ok((await text(page, '.case[open] .name')).endsWith(ESCAPES));
  const top = await open(page).evaluate((row) => row.getBoundingClientRect().top);
  assert.ok(top >= 0 && top < 60, `the case begins ${top} px below the top`);
  assert.equal(await page.locator('.list > .loud').isVisible(), false);
}

async function lostLink({ page }) {
  assert.equal(await page.locator('.list > .loud').isVisible(), true);
  assert.match(await text(page, '.list > .loud'), /gateway\/gone\[kling\].*does not have/);
}

/** Names with commas, ampersands and marks survive the way through the address. */
async function anyName({ page, data, again }) {
  await page.locator('.case > summary').nth(0).click();
  await page.locator('.case > summary').nth(3).click();
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).getAll('case').length === 2);
  const other = await again({ hash: await fragment(page) });
  assert.equal(await open(other.page).count(), 2);
  assert.equal(await other.page.locator('.list > .loud').isVisible(), false);
  const href = await open(other.page).nth(1).getByRole('link', { name: 'Link to this case' }).getAttribute('href');
  assert.ok(data.cases.some((one) => link(one.name) === href), `${href} is no case`);
  await other.context.close();
}

/** Sentence, source, finding, curl line and the commands of a case. */
async function told({ page, data }) {
  const one = named(data, ESCAPES);
  const body = open(page).locator('.casebody');
  assert.equal(await body.locator('.sentence').innerText(), `${one.requirement} ${one.level}: ${one.sentence}`);
  const source = body.locator('.source a');
  assert.deepEqual([await source.innerText(), await source.getAttribute('href'), await source.getAttribute('rel')], [one.source.page, one.source.url, 'noopener noreferrer']);
  assert.equal(await body.locator('.finding code').innerText(), one.findings[0].curl);
  const commands = await body.locator('.command code').allInnerTexts();
  assert.deepEqual(commands, [one.findings[0].curl, `ringback test gateway ${one.replay}`, `ringback explain ${one.requirement}`]);
}

async function copied({ page, data, context }) {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy: Send the same request again' }).click();
  await page.getByText('Copied', { exact: true }).waitFor({ timeout: 2000 });
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), named(data, ESCAPES).findings[0].curl);
}

/** Who takes part, every exchange as two arrows between their lines, and when each begins and ends. */
async function diagram({ page, data }) {
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

/** What cannot be seen in the drawing can be read: as a table, and as the name of every arrow. */
async function inWords({ page, data }) {
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

async function differences({ page }) {
  for (const [at, [expected, actual, gone, come]] of DIFFERENCES.entries()) {
    const finding = page.locator('.finding').nth(at);
    assert.deepEqual([await marks(finding, 'del'), await marks(finding, 'ins')], [gone, come], `${expected.slice(0, 40)} and ${actual.slice(0, 40)}`);
  }
}

/** Only what differs is marked: in the finding, and in the body that it points into. */
async function differing({ page }) {
  for (const where of ['.finding', '.pane .body']) {
    assert.deepEqual([await marks(page.locator(where), 'del'), await marks(page.locator(where), 'ins')], [['%2F'], ['/']], where);
  }
  const lines = await page.locator('.pane .line.gone, .pane .line.come').allInnerTexts();
  assert.deepEqual(lines.map((line) => line.trim()[0]), ['−', '+'], 'lines are told apart without colour');
}

/** A body is compared with the one before, and shown as it was sent. */
async function compared({ page, data }) {
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

/** From the first Tab to the details of an exchange and back, without a mouse. */
async function keyboard({ page, data }) {
  const active = () => page.evaluate(() => ({ text: document.activeElement.textContent.slice(0, 60), id: document.activeElement.id, name: document.activeElement.className.baseVal ?? document.activeElement.className, tag: document.activeElement.tagName }));
  const until = async (test, what) => {
    for (let presses = 0; presses < 60; presses++) {
      if (test(await active())) return;
      await page.keyboard.press('Tab');
      const outlined = await page.evaluate(() => {
        const seen = [document.activeElement, document.activeElement.nextElementSibling, document.activeElement.querySelector?.('.hit')].filter(Boolean);
        return seen.some((one) => getComputedStyle(one).outlineStyle !== 'none' || getComputedStyle(one).stroke !== 'none');
      });
      assert.ok(outlined, `the focus is not seen on ${JSON.stringify(await active())}`);
    }
    assert.fail(`Tab does not reach ${what}`);
  };
  await page.keyboard.press('Tab');
  assert.equal((await active()).name, 'skip');
  await page.keyboard.press('Enter');
  assert.equal((await active()).id, 'cases');
  assert.equal((await shown(page)).length, names(data, (one) => one.outcome === 'fail').length, 'skipping to the cases keeps the filters');
  await until(({ id }) => id === 'search', 'the search');
  await page.keyboard.type('escapes');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await fragment(page), '#q=escapes', 'Space switches the first outcome off');
  await page.keyboard.press('Space');
  assert.equal(await fragment(page), '#q=escapes&outcome=fail', 'and on again');
  await until(({ tag, text: words }) => tag === 'SUMMARY' && words.includes('escapes[doubao]'), 'the case');
  await page.keyboard.press('Enter');
  await page.locator('.sequence').waitFor();
  await until(({ name }) => name.includes('exchange'), 'the diagram');
  assert.match(await text(page, '.pane h4'), /^Exchange 2:/, 'the exchange of the finding is chosen');
  await page.keyboard.press('ArrowDown');
  assert.match(await text(page, '.pane h4'), /^Exchange 3:/);
  await page.keyboard.press('Home');
  assert.match(await text(page, '.pane h4'), /^Exchange 1:/);
  assert.equal(await page.locator('.exchange[aria-pressed=true]').count(), 1);
  await page.keyboard.press('Enter');
  assert.equal((await active()).name, 'pane');
  await page.keyboard.press('Escape');
  assert.equal(await open(page).count(), 0, 'Escape closes the case');
  assert.ok((await active()).text.includes('escapes[doubao]'), 'and leads back to its row');
}

/** Every row says its outcome with a sign and a word. */
async function signs({ page, data }) {
  const rows = await page.locator('.case').evaluateAll((all) => all.map((row) => [row.classList[1], row.querySelector('.sign').textContent, row.querySelector('.name .sr').textContent]));
  assert.equal(rows.length, data.cases.length);
  for (const [outcome, sign, word] of rows) assert.deepEqual([sign.length > 0, word], [true, `${WORDS[outcome]}: `]);
  assert.equal(new Set(rows.map(([, sign]) => sign)).size, new Set(rows.map(([outcome]) => outcome)).size);
}

/** No violation that axe-core knows, with everything unfolded. */
async function accessible({ page, axe }) {
  await page.locator('.casebody details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
  assert.ok(passes.some((one) => one.id === 'color-contrast'), 'contrast was looked at');
  return `${passes.length} rules`;
}

/** On a phone nothing is wider than the screen but what scrolls in its own box; what is touched is large enough. */
async function phone({ page }) {
  await page.locator('.sequence').waitFor();
  await page.getByText('Filters', { exact: true }).click();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  const small = await page.locator('button:visible, summary:visible, select:visible, .chip:visible').evaluateAll((all) => all.map((one) => [one.textContent.slice(0, 30), one.getBoundingClientRect().height]).filter(([, height]) => height < 24));
  assert.deepEqual(small, []);
  assert.ok(await page.locator('.drawing').evaluate((box) => box.scrollWidth > box.clientWidth), 'the diagram keeps its columns and scrolls');
}

/** On paper: the verdict, what did not pass in full, the open case, and no controls. */
async function paper({ page }) {
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('#plain').isVisible(), true);
  assert.ok((await text(page, '#plain')).includes('/a/b/'), 'findings are printed');
  assert.equal(await page.locator('.side').isVisible(), false);
  assert.deepEqual(await shown(page), [ESCAPES]);
  assert.equal(await page.locator('button:visible').count(), 0);
}

async function hostile({ page, data }) {
  assert.equal(await page.locator('.case[open]').count(), data.cases.length);
  await page.locator('.casebody details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
  assert.match(await page.title(), /^Violations/);
  assert.equal(await page.locator('img, iframe, object, embed, link, base, form').count(), 0);
  assert.equal(await page.locator('script').count(), 2);
  const wide = await page.evaluate(() => [document.documentElement, document.querySelector('.side')].map((box) => box.scrollWidth - box.clientWidth));
  assert.deepEqual(wide, [0, 0], 'no word makes the page wider');
  assert.deepEqual(await page.locator('a').evaluateAll((all) => all.map((one) => one.getAttribute('href')).filter((to) => !to.startsWith('#'))), []);
  const words = await page.evaluate(() => document.body.innerText);
  assert.ok(words.includes('<img src=x onerror='), 'the attack is shown as text');
  assert.ok(!/[\u202e\u2066]/.test(words) && words.includes('\\u{202e}evil'), 'text that runs the other way is shown as an escape');
}

/** Where the script cannot work, the text stays and says why. */
async function withoutScript({ page }) {
  assert.equal(await page.locator('#plain').isVisible(), true);
  assert.ok((await text(page, '#plain')).includes('gateway/pass-through/escapes[kling]'));
  assert.equal(await page.locator('.case').count(), 0);
}

async function cannotDraw(stage) {
  await stage.page.getByText('could not be drawn here').waitFor({ timeout: 5000 });
  await withoutScript(stage);
}

/** 1,000 cases are there at once, and a filter or a case answers before one thinks about it. */
async function large({ page, data }) {
  const took = (selector, act) => page.evaluate(async ([target, kind]) => {
    const began = performance.now();
    const element = document.querySelector(target);
    if (kind === 'click') element.click();
    else { element.value = 'escapes'; element.dispatchEvent(new Event('input')); }
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - began;
  }, [selector, act]);
  assert.equal((await shown(page)).length, 1000);
  assert.equal(data.cases.length, 1000);
  const times = [await took('#search', 'input'), await took('.clear', 'click'), await took('.case:not([hidden]) > summary', 'click')];
  const loaded = await page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd);
  assert.ok(Math.max(...times) < 400, `${times.map(Math.round)} ms`);
  return `parsed in ${Math.round(loaded)} ms; search, clear and open in ${times.map((time) => Math.round(time)).join(', ')} ms`;
}

async function nothing({ page }) {
  assert.equal(await status(page), 'This report has no cases');
  assert.match(await text(page, 'h1'), /Undecided|Nothing ran/);
}

async function motion({ page }) {
  const scrolling = () => page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.equal(await scrolling(), 'auto');
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  assert.equal(await scrolling(), 'smooth');
}

const cannotInflate = () => { delete globalThis.DecompressionStream; };
const allOf = (data) => link(...data.cases.map((one) => one.name));

export const CHECKS = [
  { name: 'verdict and denominators', report: 'broken', run: verdict },
  { name: 'filters', report: 'broken', run: filters },
  { name: 'filters in a link', report: 'broken', run: shared },
  { name: 'link to a case', report: 'broken', hash: link(ESCAPES), run: deepLink },
  { name: 'link to a case on a short page', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { viewport: { width: 1280, height: 1200 } }, run: deepLink },
  { name: 'link to a case that is not there', report: 'broken', hash: link('gateway/gone[kling]'), run: lostLink },
  { name: 'link with any name', report: 'hostile', run: anyName },
  { name: 'what is told of a case', report: 'broken', hash: link(ESCAPES), run: told },
  { name: 'copying the curl line', report: 'broken', hash: link(ESCAPES), run: copied },
  { name: 'diagram with time', report: 'broken', hash: link(ESCAPES), run: diagram },
  { name: 'diagram in words', report: 'broken', hash: link(ESCAPES), run: inWords },
  { name: 'marked differences', report: 'broken', hash: link(ESCAPES), run: differing },
  { name: 'differences', report: 'differing', hash: allOf, run: differences },
  { name: 'compared bodies', report: 'receiver', hash: link('receiver/signatures/kling-body[kling]'), run: compared },
  { name: 'keyboard', report: 'broken', hash: '#outcome=fail', run: keyboard },
  { name: 'signs and words', report: 'everything', run: signs },
  { name: 'axe, light', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { colorScheme: 'light' }, run: accessible },
  { name: 'axe, dark', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { colorScheme: 'dark' }, run: accessible },
  { name: 'axe, phone', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: PHONE, run: accessible },
  { name: 'axe, every outcome, dark', report: 'everything', context: { colorScheme: 'dark' }, run: accessible },
  { name: 'axe, every outcome, light', report: 'everything', run: accessible },
  { name: 'axe, conforms', report: 'receiver', hash: '#vendor=kling', run: accessible },
  { name: 'axe, text in place of the list', report: 'everything', before: cannotInflate, run: accessible },
  { name: 'phone', report: 'broken', hash: link(ESCAPES), context: PHONE, run: phone },
  { name: 'paper', report: 'broken', hash: link(ESCAPES), run: paper },
  { name: 'hostile words', report: 'hostile', hash: allOf, run: hostile },
  { name: 'no script', report: 'broken', context: { javaScriptEnabled: false }, run: withoutScript },
  { name: 'a browser that cannot inflate', report: 'broken', before: cannotInflate, run: cannotDraw },
  { name: 'a script that fails halfway', report: 'broken', before: () => { Element.prototype.scrollIntoView = () => { throw new Error('halfway'); }; }, hash: link(ESCAPES), run: cannotDraw },
  { name: 'nothing ran', report: 'empty', run: nothing },
  { name: 'less motion', report: 'broken', run: motion },
  { name: '1,000 cases', report: 'large', alone: true, run: large },
];
