// The sequence diagram of a case: lifelines of those who take part, arrows in the order of time.

const SVG = 'http://www.w3.org/2000/svg';
const ROW = 26;
const FOOT = 16;
const TIMES = 62;
/** A column narrower than this says nothing; the drawing scrolls in its box instead. */
const COLUMN = 96;
/** A pause longer than this, in ms, is drawn as a break and said in words. */
const PAUSE = 250;
const PLACES = ['client', 'gateway', 'kling', 'doubao', 'minimax', 'vidu', 'vendor', 'receiver'];
let diagrams = 0;

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Both ends of every exchange in the order of time, with the row each is drawn in. */
function moments(transcript) {
  const began = Math.min(...transcript.map((one) => one.at_ms));
  const ends = transcript.flatMap((exchange, index) => [
    { index, exchange, ask: true, at: exchange.at_ms - began, turn: 0 },
    { index, exchange, ask: false, at: exchange.at_ms + exchange.took_ms - began, turn: 1 },
  ]);
  ends.sort((one, other) => one.at - other.at || one.index - other.index || one.turn - other.turn);
  let y = 20, before = 0;
  for (const end of ends) {
    end.pause = end.at - before > PAUSE ? end.at - before : null;
    y += end.pause === null ? 0 : ROW;
    end.y = y;
    y += ROW;
    before = end.at;
  }
  return { ends, height: y - ROW + FOOT };
}

/** How many letters of the drawing's type stand in a width. */
function room(width) {
  return Math.max(4, Math.floor(width / 6.7));
}

/** `start` and as much of the end of `text` as the width allows; the end of a path says more than its beginning. */
function fitted(start, text, width) {
  const letters = Array.from(text);
  const left = room(width) - start.length;
  return start + (letters.length <= left ? text : `…${letters.slice(letters.length - Math.max(3, left - 1)).join('')}`);
}

function spoken(exchange, index, subject, began) {
  const [from, to] = parties(exchange, subject);
  return `Exchange ${index + 1}, at ${milliseconds(exchange.at_ms - began)}: ${from} to ${to}, ${visible(exchange.request.method)} ${visible(exchange.request.target)}, ${answerWord(exchange.answer)}`;
}

/** A moment beside the drawing; the unit is in the column's head unless it is seconds. */
function clock(at) {
  return at >= 10_000 ? `${(at / 1000).toFixed(1)} s` : at.toFixed(at < 1000 ? 1 : 0);
}

/** Who takes part, in the order of their columns. */
function actorsOf(transcript, subject) {
  const taking = new Set(transcript.flatMap((one) => parties(one, subject)));
  const unknown = taking.delete('somebody');
  return { actors: [...taking].sort((one, other) => PLACES.indexOf(one) - PLACES.indexOf(other)), unknown };
}

/** The names above the lifelines, which stay in sight while the arrows scroll. */
function headsView(actors, subject, width, gap, x) {
  const wide = Math.min(gap - 6, 96);
  return svg('svg', { class: 'heads', width, height: 34, viewBox: `0 0 ${width} 34`, 'aria-hidden': 'true' },
    svg('text', { x: TIMES - 10, y: 21, class: 'time', 'text-anchor': 'end' }, 'ms'),
    ...actors.flatMap((actor) => [
      svg('rect', { x: x(actor) - wide / 2, y: 4, width: wide, height: 26, rx: 5, class: actor === subject ? 'actor subject' : 'actor' }),
      svg('text', { x: x(actor), y: 21, 'text-anchor': 'middle', class: actor === subject ? 'actorname subject' : 'actorname' }, fitted('', actor, wide)),
    ]));
}

function pauseView(end, width) {
  return [
    svg('line', { x1: TIMES, x2: width, y1: end.y - ROW - 4, y2: end.y - ROW - 4, class: 'pause' }),
    svg('text', { x: (TIMES + width) / 2, y: end.y - ROW - 8, class: 'pauseword', 'text-anchor': 'middle' }, `${milliseconds(end.pause)} later`),
  ];
}

/** The two arrows of one exchange, with their times and words; its title says them in full. `left` and `right` are places, not names. */
function arrows(exchange, { ask, reply }, { left, right, width, accused, known }) {
  const way = Math.sign(right - left) || 1;
  const far = right - way * 5;
  const middle = (left + right) / 2;
  const silent = exchange.answer.error != null;
  // An answer that never came ends on its way, beside its word.
  const lost = left + (right - left) / 5;
  const lengths = silent ? ['no answer', 'none'] : [`${exchange.answer.status} in ${milliseconds(exchange.took_ms)}`, `${exchange.answer.status}`];
  const tip = (at, y, towards) => svg('path', { d: `M${at} ${y}l${-towards * 8} -4.5v9z`, class: 'tip' });
  const span = Math.abs(right - left) - 14;
  const word = (y, text, name, x = middle) => svg('text', { x, y: y - 5, 'text-anchor': 'middle', class: name }, text);
  const time = (end) => svg('text', { x: TIMES - 10, y: end.y + 4, class: 'time', 'text-anchor': 'end' }, clock(end.at));
  const hit = (end) => svg('rect', { class: 'hit', x: TIMES - 2, y: end.y - 17, width: width - TIMES, height: 22, rx: 4 });
  return [
    hit(ask), hit(reply),
    svg('rect', { class: 'busy', x: right - 4, y: ask.y, width: 8, height: Math.max(4, reply.y - ask.y) }),
    time(ask),
    known ? null : svg('circle', { cx: left, cy: ask.y, r: 4, class: 'tip' }),
    svg('line', { x1: left, x2: far, y1: ask.y, y2: ask.y, class: 'ask' }),
    tip(far, ask.y, way),
    word(ask.y, fitted(`${accused ? '● ' : ''}${visible(exchange.request.method)} `, visible(exchange.request.target), span), 'word'),
    time(reply),
    svg('line', { x1: far, x2: silent ? lost : left, y1: reply.y, y2: reply.y, class: 'reply' }),
    silent ? svg('path', { d: `M${lost - 5} ${reply.y - 5}l10 10m0 -10l-10 10`, class: 'cross' }) : tip(left, reply.y, -way),
    word(reply.y, lengths.find((text) => text.length <= room(span)) ?? lengths.at(-1), 'word replyword', silent ? (lost + right) / 2 : middle),
  ];
}

/**
 * Draws a case into `box`. `chosen` is told the index of an exchange whose arrow is clicked or reached with
 * the arrow keys, `entered` that Enter asks for its details. Returns how to mark one from outside.
 */
function diagram(box, transcript, subject, accused, chosen, entered) {
  const began = Math.min(...transcript.map((one) => one.at_ms));
  const { actors, unknown } = actorsOf(transcript, subject);
  const { ends, height } = moments(transcript);
  const id = `diagram-${++diagrams}`;
  const last = transcript.length - 1;
  let current = null;
  let groups = [];

  const key = (index) => (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const next = step ? Math.min(last, Math.max(0, index + step)) : { Home: 0, End: last, Enter: index, ' ': index }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    chosen(next);
    if (event.key === 'Enter') entered();
    else groups[next].focus();
  };
  const draw = (space) => {
    const width = Math.max(space, TIMES + COLUMN * actors.length);
    const gap = (width - TIMES) / Math.max(1, actors.length);
    const x = (name) => name === 'somebody'
      ? Math.max(TIMES, x('receiver') - gap / 2)
      : TIMES + gap * (actors.indexOf(name) + 0.5);
    const words = `${transcript.length} exchanges between ${[...actors, ...(unknown ? ['somebody unknown'] : [])].join(', ')}, in the order of time. Arrow keys move between them, Enter leads to the details. The table below says the same.`;
    groups = transcript.map((exchange, index) => {
      const [from, to] = parties(exchange, subject);
      const [ask, reply] = ends.filter((end) => end.index === index).sort((one, other) => one.turn - other.turn);
      return svg('g', {
        role: 'button', tabindex: '-1', 'aria-pressed': 'false',
        class: `exchange ${answerClass(exchange.answer)}${accused.has(index) ? ' accused' : ''}`,
        'data-from': from, 'data-to': to, 'data-answer': answerWord(exchange.answer),
        click: () => chosen(index), keydown: key(index),
      }, svg('title', {}, spoken(exchange, index, subject, began)), ...arrows(exchange, { ask, reply }, { left: x(from), right: x(to), width, accused: accused.has(index), known: from !== 'somebody' }));
    });
    box.replaceChildren(headsView(actors, subject, width, gap, x), svg('svg', {
      class: 'sequence', width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-labelledby': `${id}-title`, 'aria-describedby': `${id}-desc`,
    },
      svg('title', { id: `${id}-title` }, 'Sequence diagram'),
      svg('desc', { id: `${id}-desc` }, words),
      ...actors.map((actor) => svg('line', { x1: x(actor), x2: x(actor), y1: 0, y2: height, class: 'life' })),
      ...ends.filter((end) => end.pause !== null).flatMap((end) => pauseView(end, width)),
      ...groups));
    mark(current);
  };
  const mark = (index) => {
    current = index;
    groups.forEach((group, at) => {
      group.setAttribute('aria-pressed', at === index);
      group.setAttribute('tabindex', at === (index ?? 0) ? '0' : '-1');
    });
  };
  let drawn = 0;
  new ResizeObserver(([entry]) => {
    const space = Math.floor(entry.contentRect.width);
    // A redraw takes the focus away, so only a change that matters makes one.
    if (Math.abs(space - drawn) > 8 && space > 0) requestAnimationFrame(() => draw(drawn = space));
  }).observe(box);
  return mark;
}

/** The same as a table, for those to whom a drawing says nothing. */
function exchangeTable(transcript, subject, accused, chosen) {
  const began = Math.min(...transcript.map((one) => one.at_ms));
  const row = (exchange, index) => {
    const [from, to] = parties(exchange, subject);
    return el('tr', {},
      el('td', {}, el('button', { type: 'button', class: 'small', 'aria-label': `Show exchange ${index + 1}`, click: () => chosen(index) }, String(index + 1)), accused.has(index) && ' finding'),
      el('td', { class: 'number' }, milliseconds(exchange.at_ms - began)),
      el('td', {}, `${from} → ${to}`),
      el('td', { class: 'mono' }, visible(`${exchange.request.method} ${exchange.request.target}`)),
      el('td', {}, answerWord(exchange.answer)),
      el('td', { class: 'number' }, milliseconds(exchange.took_ms)));
  };
  const headings = ['Exchange', 'At', 'From, to', 'Request', 'Answer', 'Took'];
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Exchanges as a table' },
    el('table', {}, el('thead', {}, el('tr', {}, headings.map((heading) => el('th', { scope: 'col' }, heading)))), el('tbody', {}, transcript.map(row))));
}
