// How checks read a page and the report it was made of, and how they address a case.

export const ESCAPES = 'gateway/pass-through/escapes[doubao]';
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };
export const WORDS = { pass: 'Passed', fail: 'Failed', warn: 'Warned', not_applicable: 'Not applicable', not_testable: 'Not testable', inconclusive: 'Undecided', error: 'Harness error' };

export const link = (...names) => `#${new URLSearchParams(names.map((name) => ['case', name]))}`;
export const unseen = (text) => text.replace(/[\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);
export const names = (data, test) => data.cases.filter(test).map((one) => unseen(one.name)).sort();
export const named = (data, name) => data.cases.find((one) => one.name === name);

/** Names of the cases that a reader sees. */
export function shown(page) {
  return page.evaluate(() => [...document.querySelectorAll('.case')].filter((row) => row.checkVisibility())
    .map((row) => [...row.querySelector('.name').childNodes].filter((one) => !one.classList?.contains('sr') && !one.classList?.contains('tag')).map((one) => one.textContent).join('').trim()).sort());
}

export const open = (page) => page.locator('.case[open]');
export const text = (page, selector) => page.locator(selector).first().innerText();
export const status = (page) => text(page, '.shown');
export const fragment = (page) => page.evaluate(() => location.hash);
