// Reports to look at in a browser that no run makes by itself, from those that were made.
//
//   node reports.mjs EVERYTHING.json REAL.json FOLDER
//
// Writes FOLDER/hostile.json, in which everything a subject can choose is an attack; FOLDER/differing.json,
// with the pairs of `differences.mjs` and a pause in its transcript; FOLDER/empty.json, in which nothing ran; FOLDER/broken.json, a few
// chapters of the real run, because small pages open sooner; and FOLDER/large.json with 1,000 cases and the
// transcripts of the real run.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DIFFERENCES } from './differences.mjs';

const [everything, real, folder] = process.argv.slice(2);
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const write = (name, report) => writeFileSync(join(folder, name), JSON.stringify(report));

/** Markup, script, a comma, what has a meaning in addresses, and text that runs the other way. */
const ATTACK = `</script><script>document.title='taken'</script><img src=x onerror="document.title='taken'"> a,b&case=c#d%25 \u202Eevil\u2066 {{script}}`;

function attacked(exchange) {
  const body = { text: JSON.stringify({ [ATTACK]: ATTACK, callback_url: ATTACK }) };
  const headers = [[`x-${ATTACK}`, ATTACK]];
  return { ...exchange, request: { method: ATTACK, target: `/${ATTACK}`, headers, body }, answer: { status: 200, headers, body } };
}

const hostile = read(everything);
hostile.target.description = ATTACK;
hostile.cases = hostile.cases.map((one, index) => ({
  ...one,
  name: `gateway/${ATTACK}/${index}`,
  chapter: ATTACK,
  sentence: ATTACK,
  source: { ...one.source, page: ATTACK, url: 'javascript:alert(1)' },
  reason: ATTACK,
  replay: ATTACK,
  findings: one.findings.map((finding) => ({ ...finding, expected: [ATTACK, `"${ATTACK}"`], actual: `"${ATTACK}!"`, pointer: `/${ATTACK.replaceAll('~', '~0').replaceAll('/', '~1')}`, curl: ATTACK })),
  transcript: one.transcript.map(attacked),
}));
write('hostile.json', hostile);

const differing = read(everything);
differing.cases = differing.cases.filter((one) => one.outcome === 'fail').slice(0, 1);
const [finding] = differing.cases[0].findings;
differing.cases[0].findings = DIFFERENCES.map(([expected, actual]) => ({ ...finding, expected: [expected], actual }));
const [exchange] = differing.cases[0].transcript;
differing.cases[0].transcript.push({ ...exchange, seq: exchange.seq + 1, at_ms: exchange.at_ms + 1500 });
write('differing.json', differing);

const empty = { ...read(everything), cases: [], expectations: [] };
write('empty.json', empty);

const CHAPTERS = ['pass-through', 'callback-url', 'polling-only'];
const broken = read(real);
broken.cases = broken.cases.filter((one) => CHAPTERS.includes(one.chapter));
// Its counts are those of its cases, because `ringback report` would not change this file.
for (const outcome of Object.keys(broken.counts)) broken.counts[outcome] = broken.cases.filter((one) => one.outcome === outcome).length;
write('broken.json', broken);

const large = read(real);
large.cases = Array.from({ length: 1000 }, (_, index) => {
  const one = large.cases[index % large.cases.length];
  return { ...one, name: index < large.cases.length ? one.name : `${one.name} again ${index}` };
});
write('large.json', large);
