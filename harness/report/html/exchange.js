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
  while (token.lastIndex < text.trimEnd().length) {
    const match = token.exec(text);
    if (!match) return null;
    tokens.push(match[1]);
  }
  const lines = [];
  let at = 0;
  let failed = false;
  const fail = () => { failed = true; return ''; };
  const line = (depth, pointer, words) => lines.push({ depth, pointer, text: words });
  const key = (raw) => { try { return JSON.parse(raw).replaceAll('~', '~0').replaceAll('/', '~1'); } catch { return fail(); } };
  const value = (depth, pointer, before) => {
    const first = tokens[at++];
    if (failed || first === undefined || depth > DEEPEST) return fail();
    const close = { '{': '}', '[': ']' }[first];
    if (!close) return /^["\-\dtfn]/.test(first) ? line(depth, pointer, before + first) : fail();
    if (tokens[at] === close) { at++; return line(depth, pointer, before + first + close); }
    line(depth, pointer, before + first);
    for (let index = 0; ; index++) {
      let name = String(index), label = '';
      if (close === '}') {
        label = tokens[at++] ?? '';
        if (label[0] !== '"' || tokens[at++] !== ':') return fail();
        name = key(label);
        label += ': ';
      }
      value(depth + 1, `${pointer}/${name}`, label);
      if (failed) return '';
      const next = tokens[at++];
      if (next === ',') { lines.at(-1).text += ','; continue; }
      return next === close ? line(depth, pointer, close) : fail();
    }
  };
  try { value(0, '', ''); } catch { return null; }
  return failed || at !== tokens.length ? null : lines;
}

/** A body, laid out where that is possible, with the lines under a pointer marked. */
function bodyView(body, pointer, label) {
  if (!body) return el('p', { class: 'muted' }, 'No body.');
  const text = body.text ?? body.base64 ?? '';
  const lines = body.text != null && body.truncated == null ? layout(text) : null;
  const pre = el('pre', { class: 'body', tabindex: '0', role: 'region', 'aria-label': label });
  const note = [];
  if (body.base64 != null) note.push('not text; in base64');
  if (body.truncated != null) note.push(`only the beginning of ${body.truncated} bytes`);
  const draw = (raw) => {
    const under = (line) => pointer && (line.pointer === pointer || line.pointer.startsWith(`${pointer}/`));
    pre.replaceChildren(...(raw || !lines ? [visible(text)] : lines.map((line) => {
      const words = '  '.repeat(line.depth) + visible(line.text);
      return under(line)
        ? el('mark', { class: 'line' }, el('span', { class: 'sr' }, 'Here: '), words)
        : el('span', { class: 'line' }, words);
    })));
  };
  draw(false);
  const toggle = lines && el('button', { type: 'button', class: 'small', 'aria-pressed': 'false', click: (event) => {
    const raw = event.currentTarget.getAttribute('aria-pressed') !== 'true';
    event.currentTarget.setAttribute('aria-pressed', raw);
    draw(raw);
  } }, 'As sent');
  return el('div', { class: 'bodybox' }, toggle, pre, note.length > 0 && el('p', { class: 'muted' }, `${note.join('; ')}.`));
}

function headersView(headers) {
  if (headers.length === 0) return el('p', { class: 'muted' }, 'No headers.');
  return el('dl', { class: 'headers' }, headers.map(([name, value]) =>
    el('div', {}, el('dt', {}, visible(name)), el('dd', {}, visible(value)))));
}

/** Request and answer of one exchange in full; `pointer` is where a finding points, if to this one. */
function exchangeView(exchange, at, subject, pointer) {
  const [from, to] = parties(exchange, subject);
  const { request, answer } = exchange;
  const line = `${request.method} ${request.target}`;
  const headers = (list) => el('details', {}, el('summary', {}, `Headers (${list.length})`), headersView(list));
  // A pointer leads into the body that has such a place; a finding does not say whose it is.
  const has = (body) => Boolean(pointer && body?.text && layout(body.text)?.some((one) => one.pointer === pointer));
  const inAnswer = has(answer.body) && (exchange.leg === 'client' || !has(request.body));
  return [
    el('h4', {}, `Exchange ${at + 1}: ${from} → ${to}`),
    el('h5', {}, 'Request'),
    el('p', { class: 'mono start' }, visible(line)),
    headers(request.headers),
    bodyView(request.body, inAnswer ? null : pointer, 'Request body'),
    el('h5', {}, 'Answer'),
    answer.error != null
      ? el('p', { class: 'none' }, el('strong', {}, 'No answer: '), visible(answer.error))
      : [
        el('p', { class: `mono start ${answerClass(answer)}` }, `HTTP ${answer.status} `, el('span', { class: 'muted' }, `after ${milliseconds(exchange.took_ms)}`)),
        headers(answer.headers),
        bodyView(answer.body, inAnswer ? pointer : null, 'Answer body'),
      ],
  ].flat();
}
