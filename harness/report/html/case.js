// One case: a row of the list, and what opens below it.

/** Outcomes in the order of how much they ask for: word and sign. */
const OUTCOMES = {
  fail: ['Failed', '✕'],
  error: ['Harness error', '!'],
  inconclusive: ['Undecided', '?'],
  warn: ['Warned', '▲'],
  not_testable: ['Not testable', '◌'],
  not_applicable: ['Not applicable', '–'],
  pass: ['Passed', '✓'],
};

function sign(outcome) {
  return el('span', { class: 'sign', 'aria-hidden': 'true' }, OUTCOMES[outcome][1]);
}

function findingView(finding, show) {
  const closest = finding.expected
    .map((expected) => compared(expected, finding.actual))
    .reduce((best, one) => (best === null || one.alike > best.alike ? one : best), null);
  const expected = finding.expected.flatMap((text, at) => [
    el('dt', {}, at === 0 ? 'Expected' : 'or'),
    el('dd', {}, marked(compared(text, finding.actual).left, 'del')),
  ]);
  return el('li', { class: 'finding' }, el('dl', {},
    expected,
    el('dt', {}, 'Actual'),
    el('dd', {}, marked(closest?.right ?? [[finding.actual, false]], 'ins')),
    finding.pointer ? [el('dt', {}, 'At'), el('dd', { class: 'mono' }, visible(finding.pointer))] : null,
    finding.evidence != null ? [el('dt', {}, 'Seen in'), el('dd', {}, el('button', { type: 'button', class: 'small', click: show }, `Exchange ${finding.evidence + 1}`))] : null),
  finding.curl ? command('Send the same request again', finding.curl) : null);
}

/** Only web addresses become links, whatever a stored report says. */
function sourceView(source) {
  const words = visible(source.page);
  const link = /^https?:\/\//.test(source.url)
    ? el('a', { href: source.url, rel: 'noopener noreferrer', target: '_blank' }, words)
    : words;
  return el('p', { class: 'source' }, 'Source: ', link, `, read ${visible(source.read)}`);
}

function expectationView({ reason, pattern, state }) {
  const word = { confirmed: 'Expected to fail, and did', refuted: 'Expected to fail, but passed: remove the expectation', unjudged: 'Expected to fail, but not judged' }[state];
  return el('p', { class: 'note' }, el('strong', {}, `${word}: `), visible(reason), ' ', el('code', {}, visible(pattern)));
}

/** Diagram, table and the chosen exchange, kept in step. */
function transcriptView(report, subject) {
  const accused = new Set(report.findings.map((finding) => finding.evidence).filter((at) => at != null));
  const pointerAt = (index) => report.findings.find((finding) => finding.evidence === index && finding.pointer)?.pointer;
  const pane = el('section', { class: 'pane', 'aria-label': 'The chosen exchange', 'aria-live': 'polite' });
  const box = el('div', { class: 'drawing' });
  let mark = () => {};
  const choose = (index, finding) => {
    pane.replaceChildren(...exchangeView(report.transcript[index], index, subject, finding?.pointer ?? pointerAt(index)));
    mark(index);
  };
  mark = diagram(box, report, subject, accused, (index) => choose(index));
  choose(accused.size > 0 ? Math.min(...accused) : 0);
  const show = (finding) => {
    choose(finding.evidence, finding);
    pane.scrollIntoView({ block: 'nearest' });
  };
  const view = [
    el('h3', {}, `What crossed the wire `, el('span', { class: 'muted' }, `${report.transcript.length} exchanges; times since the first`)),
    el('div', { class: 'wire' }, box, pane),
    el('details', { class: 'astable' }, el('summary', {}, 'The same as a table'), exchangeTable(report.transcript, subject, (index) => choose(index))),
  ];
  return { view, show };
}

function caseBody(report, subject) {
  const wire = report.transcript.length > 0 ? transcriptView(report, subject) : { view: [el('p', { class: 'muted' }, 'Nothing crossed the wire.')], show() {} };
  return [
    el('p', { class: 'sentence' }, el('strong', {}, `${report.requirement} ${report.level}: `), visible(report.sentence)),
    sourceView(report.source),
    report.reason ? el('p', { class: 'note' }, el('strong', {}, 'Reason: '), visible(report.reason)) : null,
    report.expectation ? expectationView(report.expectation) : null,
    report.findings.length > 0
      ? [el('h3', {}, report.findings.length === 1 ? 'Finding' : `${report.findings.length} findings`),
        el('ol', { class: 'findings' }, report.findings.map((finding) => findingView(finding, () => wire.show(finding))))]
      : null,
    wire.view,
    command('Run this case again', `ringback test ${subject} ${report.replay}`),
    command('Why it matters and how to fix it', `ringback explain ${report.requirement}`),
  ].flat().filter(Boolean);
}

/** The row of a case; its body is built when it is opened for the first time. */
function caseRow(report, opened) {
  const subject = report.name.split('/')[0];
  const cut = report.name.lastIndexOf('/') + 1;
  const known = report.expectation?.state === 'confirmed';
  const body = el('div', { class: 'casebody' });
  const row = el('details', { class: `case ${known ? 'expected ' : ''}${report.outcome}` },
    el('summary', {},
      sign(report.outcome),
      el('span', { class: 'name' },
        el('span', { class: 'sr' }, `${OUTCOMES[report.outcome][0]}${known ? ' as expected' : ''}: `),
        el('span', { class: 'chapter' }, visible(report.name.slice(0, cut))), visible(report.name.slice(cut)),
        known ? el('span', { class: 'tag' }, 'expected') : null),
      el('span', { class: 'id' }, `${report.requirement} ${report.level}`),
      el('span', { class: 'what' }, visible(report.sentence))),
    body);
  row.addEventListener('toggle', () => {
    if (row.open && !body.hasChildNodes()) body.append(...caseBody(report, subject));
    opened(row);
  });
  return row;
}
