// Where two texts differ. Pure: texts in, pieces of [text, whether it differs] out; drawing is `marked`.

/** Most tokens of either text that are compared; the table of the comparison is this squared. */
const COMPARED = 600;

/** What differs as a whole: an escape, a word, blanks, or any one character. */
const TOKENS = /%[0-9a-f]{2}|\\(?:u[0-9a-f]{4}|[^])|[\p{L}\p{N}]+|\s+|[^]/giu;

/** How many items are alike at the start, and how many at the end of what is left. */
function ends(left, right) {
  const most = Math.min(left.length, right.length);
  let head = 0, tail = 0;
  while (head < most && left[head] === right[head]) head++;
  while (tail < most - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  return { head, tail };
}

/**
 * The shortest way from one list to another: steps of [item of the left or null, item of the right or null].
 * Null where the lists are too long to be compared.
 */
function steps(left, right) {
  if (left.length > COMPARED || right.length > COMPARED) return null;
  const columns = right.length + 1;
  const longest = new Uint16Array((left.length + 1) * columns);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const at = i * columns + j;
      longest[at] = left[i] === right[j] ? longest[at + columns + 1] + 1 : Math.max(longest[at + columns], longest[at + 1]);
    }
  }
  const way = [];
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    if (i < left.length && j < right.length && left[i] === right[j]) way.push([left[i++], right[j++]]);
    else if (j >= right.length || (i < left.length && longest[(i + 1) * columns + j] >= longest[i * columns + j + 1])) way.push([left[i++], null]);
    else way.push([null, right[j++]]);
  }
  return way;
}

/** Where two texts differ, to the character: pieces of the one and of the other, and how alike they are. */
function differences(one, other) {
  const [left, right] = [Array.from(one), Array.from(other)];
  const { head, tail } = ends(left, right);
  const middle = (letters) => letters.slice(head, letters.length - tail).join('');
  const pieces = { left: [], right: [], alike: 0 };
  let same = head + tail;
  const add = (side, text, differs) => {
    if (text === '') return;
    const last = pieces[side].at(-1);
    if (last && last[1] === differs) last[0] += text;
    else pieces[side].push([text, differs]);
  };
  const both = (text) => { add('left', text, false); add('right', text, false); };
  // One in the place of another differs only from its first other letter to its last.
  const swap = (gone, come) => {
    const [from, to] = [Array.from(gone), Array.from(come)];
    const inner = ends(from, to);
    both(from.slice(0, inner.head).join(''));
    add('left', from.slice(inner.head, from.length - inner.tail).join(''), true);
    add('right', to.slice(inner.head, to.length - inner.tail).join(''), true);
    both(from.slice(from.length - inner.tail).join(''));
  };
  both(left.slice(0, head).join(''));
  let gone = [], come = [];
  // As many for as many are taken to be each other's.
  const flush = () => {
    if (gone.length === come.length) gone.forEach((one, at) => swap(one, come[at]));
    else swap(gone.join(''), come.join(''));
    [gone, come] = [[], []];
  };
  for (const [from, to] of steps(middle(left).match(TOKENS) ?? [], middle(right).match(TOKENS) ?? []) ?? [[middle(left), null], [null, middle(right)]]) {
    if (from !== null && to !== null) {
      flush();
      both(from);
      same += from.length;
    } else if (from !== null) gone.push(from);
    else come.push(to);
  }
  flush();
  both(left.slice(left.length - tail).join(''));
  pieces.alike = same / Math.max(1, left.length, right.length);
  return pieces;
}

/** The quoted value in a sentence: what is compared where both sides name one. */
const QUOTED = /"(?:[^"\\]|\\.)*"/;

/** Expected and actual with their difference marked; nothing is marked where they have little in common. */
function compared(expected, actual) {
  const [wanted, seen] = [QUOTED.exec(expected), QUOTED.exec(actual)];
  if (wanted && seen) {
    const inner = differences(wanted[0], seen[0]);
    const around = (text, match, pieces) => [
      [text.slice(0, match.index), false], ...pieces, [text.slice(match.index + match[0].length), false],
    ];
    return { left: around(expected, wanted, inner.left), right: around(actual, seen, inner.right), alike: inner.alike };
  }
  const found = differences(expected, actual);
  return found.alike >= 0.5 ? found : { left: [[expected, false]], right: [[actual, false]], alike: 0 };
}

/** Pieces as text whose differing parts are marked, for the eye and, with a word, for a screen reader. */
function marked(pieces, kind, word = kind === 'del' ? 'expected' : 'differs') {
  return pieces.map(([text, differs]) => differs
    ? el(kind, { class: 'diff' }, el('span', { class: 'sr' }, ` [${word}: `), visible(text), el('span', { class: 'sr' }, '] '))
    : visible(text));
}
