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

/** Findings of one case whose commands stand open; more are folded, or the list is nothing but commands. */
const OPEN_COMMANDS = 2;

function findingView(finding, folded, show) {
  const closest = finding.expected
    .map((expected) => compared(expected, finding.actual))
    .reduce((best, one) => (best === null || one.alike > best.alike ? one : best), null);
  const expected = finding.expected.map((text, at) => el('div', {},
    el('dt', {}, at === 0 ? 'Expected' : 'or'),
    el('dd', { class: 'said' }, marked(compared(text, finding.actual).left, 'del'))));
  const repeat = finding.curl && command('Send the same request again', finding.curl);
  return el('li', { class: 'finding' },
    el('dl', {},
      expected,
      el('div', {}, el('dt', {}, 'Actual'), el('dd', { class: 'said' }, marked(closest?.right ?? [[finding.actual, false]], 'ins'))),
      finding.pointer ? el('div', {}, el('dt', {}, 'At'), el('dd', { class: 'mono' }, visible(finding.pointer))) : null,
      finding.evidence != null ? el('div', {}, el('dt', {}, 'Seen in'), el('dd', {}, el('button', { type: 'button', class: 'small', click: show }, `Exchange ${finding.evidence + 1}`))) : null),
    repeat && (folded ? el('details', { class: 'more' }, el('summary', {}, 'Send the same request again (curl)'), repeat) : repeat));
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
function transcriptView({ transcript, findings }, subject) {
  const accused = new Set(findings.map((finding) => finding.evidence).filter((at) => at != null));
  const about = (index) => findings.find((finding) => finding.evidence === index && finding.pointer);
  const pane = el('section', { class: 'pane', 'aria-label': 'The chosen exchange', tabindex: '-1' });
  const box = el('div', { class: 'drawing' });
  const choose = (index, finding) => {
    pane.replaceChildren(...exchangeView(transcript, index, subject, finding ?? about(index)));
    mark(index);
  };
  const lead = () => {
    pane.scrollIntoView({ block: 'nearest' });
    pane.focus({ preventScroll: true });
  };
  const mark = diagram(box, transcript, subject, accused, (index) => choose(index), lead);
  choose(accused.size > 0 ? Math.min(...accused) : 0);
  const show = (finding) => { choose(finding.evidence, finding); lead(); };
  const table = exchangeTable(transcript, subject, accused, (index) => { choose(index); lead(); });
  const view = [
    el('p', { class: 'muted' }, `${transcript.length} exchange${transcript.length === 1 ? '' : 's'}; times since the first began. Choose one to see it below.`),
    box,
    el('details', { class: 'more' }, el('summary', {}, 'The same as a table'), table),
    pane,
  ];
  return { view, show };
}

function caseBody(report, subject) {
  const wire = report.transcript.length > 0 ? transcriptView(report, subject) : { view: [el('p', { class: 'muted' }, 'Nothing crossed the wire.')], show() {} };
  const folded = report.findings.length > OPEN_COMMANDS;
  return [
    el('p', { class: 'sentence' }, el('strong', {}, `${report.requirement} ${report.level}: `), visible(report.sentence)),
    sourceView(report.source),
    report.reason ? el('p', { class: 'note' }, el('strong', {}, 'Reason: '), visible(report.reason)) : null,
    report.expectation ? expectationView(report.expectation) : null,
    report.findings.length > 0
      ? [el('h3', {}, report.findings.length === 1 ? 'Finding' : `${report.findings.length} findings`),
        el('ol', { class: 'findings' }, report.findings.map((finding) => findingView(finding, folded, () => wire.show(finding))))]
      : null,
    el('h3', {}, 'What crossed the wire'),
    wire.view,
    el('h3', {}, 'Again'),
    command('Run this case again', `ringback test ${subject} ${report.replay}`),
    command('Why it matters and how to fix it', `ringback explain ${report.requirement}`),
    el('p', {}, el('a', { href: addressOf({ open: [report.name] }) }, 'Link to this case')),
  ].flat().filter(Boolean);
}

/** What is said of an expectation beside the case's name. */
const EXPECTED = { confirmed: 'expected', refuted: 'stale expectation', unjudged: null };

/** The row of a case, and `fill`, which builds its body; that waits until it is opened for the first time. */
function caseRow(report, toggled) {
  const subject = report.name.split('/')[0];
  const cut = report.name.lastIndexOf('/') + 1;
  const tag = EXPECTED[report.expectation?.state];
  const body = el('div', { class: 'casebody' });
  const head = el('summary', {},
    sign(report.outcome),
    el('span', { class: 'name' },
      el('span', { class: 'sr' }, `${OUTCOMES[report.outcome][0]}: `),
      el('span', { class: 'path' }, visible(report.name.slice(0, cut))), visible(report.name.slice(cut)),
      tag && [' ', el('span', { class: 'tag' }, tag)]),
    el('span', { class: 'id' }, ` ${visible(report.requirement)} ${report.level} `),
    el('span', { class: 'what' }, visible(report.sentence)));
  const row = el('details', { class: `case ${report.outcome}`, keydown: (event) => {
    if (event.key !== 'Escape' || !row.open) return;
    row.open = false;
    head.focus();
  } }, head, body);
  const fill = () => { if (!body.hasChildNodes()) body.append(...caseBody(report, subject)); };
  row.addEventListener('toggle', (event) => {
    if (event.target !== row) return;
    if (row.open) fill();
    toggled(row.open);
  });
  return { row, fill };
}
