// One exchange: who spoke to whom, headers, bodies, and the place that a finding points to.

/** Who takes part in a leg. `somebody` is not drawn with a line: the receiver cannot know who it was. */
function parties(exchange, subject) {
  const vendor = exchange.vendor ?? 'vendor';
  switch (exchange.leg) {
    case 'client': return ['client', subject];
    case 'upstream': return ['gateway', vendor];
    case 'callback': return [vendor, 'receiver'];
    case 'gateway': return ['receiver', 'gateway'];
    default: return ['somebody', 'receiver'];
  }
}

function answerWord(answer) {
  return answer.error == null ? `HTTP ${answer.status}` : 'no answer';
}

/** Whether an answer is one to look at: none at all, or a refusal. */
function answerClass(answer) {
  if (answer.error != null) return 'none';
  return answer.status >= 400 ? 'refused' : 'fine';
}

/** Deepest nesting that is laid out; deeper bodies are shown as they are. */
const DEEPEST = 40;

/**
 * The lines of a JSON text, laid out without changing a character of its values, each with the pointer it
 * belongs to. Not JSON.parse: that rounds long numbers and drops repeated names. Null where it is no JSON.
 */
function layout(text) {
  const token = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/gy;
  const tokens = [];
  const length = text.trimEnd().length;
  while (token.lastIndex < length) {
    const match = token.exec(text);
    if (!match) return null;
    tokens.push(match[1]);
  }
  const lines = [];
  let at = 0;
  const fail = () => { throw new SyntaxError('no JSON'); };
  const line = (depth, pointer, label, value) => lines.push({ depth, pointer, label, value, comma: '' });
  const key = (raw) => JSON.parse(raw).replaceAll('~', '~0').replaceAll('/', '~1');
  const value = (depth, pointer, label) => {
    const first = tokens[at++];
    if (first === undefined || depth > DEEPEST) fail();
    const close = { '{': '}', '[': ']' }[first];
    if (!close) return /^["\-\dtfn]/.test(first) ? line(depth, pointer, label, first) : fail();
    if (tokens[at] === close) { at++; return line(depth, pointer, label, first + close); }
    line(depth, pointer, label, first);
    for (let index = 0; ; index++) {
      let name = String(index), before = '';
      if (close === '}') {
        const raw = tokens[at++] ?? '';
        if (raw[0] !== '"' || tokens[at++] !== ':') fail();
        name = key(raw);
        before = `${raw}: `;
      }
      value(depth + 1, `${pointer}/${name}`, before);
      const next = tokens[at++];
      if (next === ',') { lines.at(-1).comma = ','; continue; }
      return next === close ? line(depth, pointer, '', close) : fail();
    }
  };
  try { value(0, '', ''); } catch { return null; }
  return at === tokens.length ? lines : null;
}

/** A body as lines, where it is whole and JSON. */
function linesOf(body) {
  return body?.text != null && body.truncated == null ? layout(body.text) : null;
}

function spelled(line) {
  return line.label + line.value + line.comma;
}

/** One line of a body. Its sign tells what it is to those who see no colour, its words to those who see nothing. */
function lineView(kind, depth, content) {
  const [sign, words] = { same: [' ', ''], here: ['›', 'Here: '], gone: ['−', 'Expected: '], come: ['+', 'Differs: '], before: ['−', 'Before: '], after: ['+', 'Now: '] }[kind];
  return el('span', { class: `line ${kind}` },
    el('span', { class: 'gutter', 'aria-hidden': 'true' }, `${sign} `), words && el('span', { class: 'sr' }, words),
    '  '.repeat(depth), content, '\n');
}

/** The lines with the place of a finding marked: beside it what was expected, where both name a value. */
function againstFinding(lines, finding) {
  const pointer = finding?.pointer;
  return lines.flatMap((line) => {
    if (!pointer || (line.pointer !== pointer && !line.pointer.startsWith(`${pointer}/`))) return [lineView('same', line.depth, visible(spelled(line)))];
    const seen = QUOTED.exec(finding.actual)?.[0];
    const wanted = finding.expected.map((text) => QUOTED.exec(text)?.[0]).find(Boolean);
    if (line.pointer !== pointer || seen !== line.value || !wanted) return [lineView('here', line.depth, visible(spelled(line)))];
    const { left, right } = differences(wanted, seen);
    const framed = (pieces, kind) => [visible(line.label), ...marked(pieces, kind), line.comma];
    return [lineView('gone', line.depth, framed(left, 'del')), lineView('come', line.depth, framed(right, 'ins'))];
  });
}

/** The lines with what changed since those of an earlier body marked. */
function againstEarlier(lines, earlier) {
  const texts = (list) => list.map((line) => '  '.repeat(line.depth) + spelled(line));
  const way = steps(texts(earlier), texts(lines));
  if (!way) return [el('span', { class: 'line' }, 'Too long to be compared.\n')];
  const views = [];
  let gone = [], come = [];
  const flush = () => {
    gone.forEach((from, at) => {
      const to = come[at];
      const found = to === undefined ? null : differences(from, to);
      views.push(lineView('before', 0, found ? marked(found.left, 'del', 'before') : visible(from)));
      if (found) views.push(lineView('after', 0, marked(found.right, 'ins', 'now')));
    });
    come.slice(gone.length).forEach((to) => views.push(lineView('after', 0, visible(to))));
    [gone, come] = [[], []];
  };
  for (const [from, to] of way) {
    if (from !== null && to !== null) { flush(); views.push(lineView('same', 0, visible(to))); }
    else if (from !== null) gone.push(from);
    else come.push(to);
  }
  flush();
  return views;
}

/** A body, laid out where that is possible. `earlier` is the same body of an exchange before, if there is one. */
function bodyView(body, label, finding, earlier) {
  if (!body) return el('p', { class: 'muted' }, 'No body.');
  const text = body.text ?? body.base64 ?? '';
  const lines = linesOf(body);
  const pre = el('pre', { class: 'body', tabindex: '0', role: 'region', 'aria-label': label });
  const views = lines ? { 'Laid out': () => againstFinding(lines, finding), 'As sent': () => [visible(text)] } : {};
  if (lines && earlier?.lines) views[`Changes since exchange ${earlier.index + 1}`] = () => againstEarlier(lines, earlier.lines);
  const buttons = Object.keys(views).map((name) => el('button', { type: 'button', class: 'small', 'aria-pressed': 'false', click: () => show(name) }, name));
  const show = (name) => {
    pre.replaceChildren(...views[name]());
    buttons.forEach((button) => button.setAttribute('aria-pressed', button.textContent === name));
  };
  if (lines) show('Laid out');
  else pre.append(visible(text));
  const note = [];
  if (body.base64 != null) note.push('not text; in base64');
  if (body.truncated != null) note.push(`only the beginning of ${body.truncated} bytes`);
  return el('div', { class: 'bodybox' },
    buttons.length > 0 && el('div', { class: 'tabs', role: 'group', 'aria-label': `How to show the ${label.toLowerCase()}` }, buttons),
    pre, note.length > 0 && el('p', { class: 'muted' }, `${note.join('; ')}.`));
}

function headersView(headers) {
  const list = headers.length === 0
    ? el('p', { class: 'muted' }, 'No headers.')
    : el('dl', { class: 'headers' }, headers.map(([name, value]) => el('div', {}, el('dt', {}, visible(name)), el('dd', {}, visible(value)))));
  return el('details', { class: 'more' }, el('summary', {}, `Headers (${headers.length})`), list);
}

/** The exchange before this one that asked the same of the same party, for comparison. */
function forerunner(transcript, index) {
  const [one, path] = [transcript[index], (exchange) => exchange.request.target.split('?')[0]];
  for (let at = index - 1; at >= 0; at--) {
    const other = transcript[at];
    if (other.leg === one.leg && other.vendor === one.vendor && other.request.method === one.request.method && path(other) === path(one)) return at;
  }
  return null;
}

/** Request and answer of one exchange in full; `finding` is one that points into it, if any does. */
function exchangeView(transcript, index, subject, finding) {
  const exchange = transcript[index];
  const [from, to] = parties(exchange, subject);
  const { request, answer } = exchange;
  const before = forerunner(transcript, index);
  const earlier = (body) => (before === null ? null : { index: before, lines: linesOf(body(transcript[before])) });
  // A pointer leads into the body that has such a place; a finding does not say whose it is.
  const has = (body) => Boolean(finding?.pointer && linesOf(body)?.some((line) => line.pointer === finding.pointer));
  const inAnswer = has(answer.body) && (exchange.leg === 'client' || !has(request.body));
  return [
    el('h4', {}, `Exchange ${index + 1}: ${from} → ${to}`),
    finding?.pointer && !has(request.body) && !has(answer.body)
      ? el('p', { class: 'note' }, 'The finding is about ', el('code', {}, visible(finding.pointer)), ', and neither body has such a place.') : null,
    el('h5', {}, 'Request'),
    el('p', { class: 'mono start' }, visible(`${request.method} ${request.target}`)),
    headersView(request.headers),
    bodyView(request.body, 'Request body', inAnswer ? null : finding, earlier((one) => one.request.body)),
    el('h5', {}, 'Answer'),
    answer.error != null
      ? el('p', { class: 'none' }, el('strong', {}, 'No answer: '), visible(answer.error))
      : [
        el('p', { class: `mono start ${answerClass(answer)}` }, `HTTP ${answer.status} `, el('span', { class: 'muted' }, `after ${milliseconds(exchange.took_ms)}`)),
        headersView(answer.headers),
        bodyView(answer.body, 'Answer body', inAnswer ? finding : null, earlier((one) => one.answer.body)),
      ],
  ].flat().filter(Boolean);
}
