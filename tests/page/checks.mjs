// What a page must do: one check a line of the table at the end, each with the report, the address and the
// settings it is opened with. A check throws what is wrong; expectations come from the report's JSON. Those that
// look at what one case shows are in `case.mjs`.

import assert from 'node:assert/strict';

import { compared, copied, diagram, differences, differing, inWords, pause, silence, told } from './case.mjs';
import { ESCAPES, PHONE, WORDS, fragment, link, names, open, shown, status, text } from './reading.mjs';

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

/** No violation that axe-core knows, with everything unfolded; `rules` are all unless some are named. */
async function accessible({ page, axe }, rules) {
  await page.locator('.casebody details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate((runOnly) => window.axe.run(runOnly ? { runOnly } : {}), rules);
  assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`), []);
  assert.ok(passes.some((one) => one.id === 'color-contrast'), 'contrast was looked at');
  return `${passes.length} rules`;
}

const contrast = (stage) => accessible(stage, ['color-contrast']);

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
  { name: 'every filter', report: 'everything', run: filters },
  { name: 'filters in a link', report: 'broken', run: shared },
  { name: 'link to a case', report: 'broken', hash: link(ESCAPES), run: deepLink },
  { name: 'link to a case on a short page', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { viewport: { width: 1280, height: 1200 } }, run: deepLink },
  { name: 'link to a case that is not there', report: 'broken', hash: link('gateway/gone[kling]'), run: lostLink },
  { name: 'link with any name', report: 'hostile', run: anyName },
  { name: 'what is told of a case', report: 'broken', hash: link(ESCAPES), run: told },
  { name: 'copying the curl line', report: 'broken', hash: link(ESCAPES), run: copied },
  { name: 'diagram with time', report: 'broken', hash: link(ESCAPES), run: diagram },
  { name: 'no answer', report: 'everything', hash: link('gateway/submit/error-type'), run: silence },
  { name: 'pause', report: 'differing', hash: allOf, run: pause },
  { name: 'diagram in words', report: 'broken', hash: link(ESCAPES), run: inWords },
  { name: 'marked differences', report: 'broken', hash: link(ESCAPES), run: differing },
  { name: 'differences', report: 'differing', hash: allOf, run: differences },
  { name: 'compared bodies', report: 'receiver', hash: link('receiver/signatures/kling-body[kling]'), run: compared },
  { name: 'keyboard', report: 'broken', hash: '#outcome=fail', run: keyboard },
  { name: 'signs and words', report: 'everything', run: signs },
  { name: 'axe, light', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { colorScheme: 'light' }, run: accessible },
  { name: 'axe, dark', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: { colorScheme: 'dark' }, run: accessible },
  { name: 'axe, phone', report: 'broken', hash: `${link(ESCAPES)}&outcome=fail`, context: PHONE, run: accessible },
  { name: 'axe, every outcome, dark', report: 'everything', context: { colorScheme: 'dark' }, run: contrast },
  { name: 'axe, every outcome, light', report: 'everything', run: accessible },
  { name: 'axe, conforms', report: 'receiver', hash: '#vendor=kling', run: contrast },
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
