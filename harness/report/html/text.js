// Elements and text. Whatever comes from a report enters the document here, and only as text.

/** An element with attributes and children; strings among the children become text, never markup. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Characters that cannot be seen or that change what the others look like; line ends and tabs stay. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

function visible(text) {
  return String(text).replace(UNSEEN, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);
}

/** Text whose ends may be marked: `pieces` are [text, whether it differs]. */
function marked(pieces, kind) {
  return pieces.map(([text, differs]) =>
    differs ? el(kind, { class: 'diff' }, visible(text)) : visible(text));
}

/** Longest text, in words, that is compared; the table of the comparison is this squared. */
const COMPARED = 600;

/** Where two texts differ, word by word: pieces of the one and of the other. */
function differences(one, other) {
  const words = (text) => text.match(/[\p{L}\p{N}]+|\s+|[^]/gu) ?? [];
  const [left, right] = [words(one), words(other)];
  if (left.length > COMPARED || right.length > COMPARED) return { left: [[one, false]], right: [[other, false]], alike: 0 };
  const rows = left.length + 1, columns = right.length + 1;
  const longest = new Uint16Array(rows * columns);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const at = i * columns + j;
      longest[at] = left[i] === right[j] ? longest[at + columns + 1] + 1 : Math.max(longest[at + columns], longest[at + 1]);
    }
  }
  const pieces = { left: [], right: [], alike: longest[0] / Math.max(1, left.length, right.length) };
  const add = (side, text, differs) => {
    const last = pieces[side].at(-1);
    if (last && last[1] === differs) last[0] += text;
    else pieces[side].push([text, differs]);
  };
  let i = 0, j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      add('left', left[i++], false);
      add('right', right[j++], false);
    } else if (j >= right.length || (i < left.length && longest[(i + 1) * columns + j] >= longest[i * columns + j + 1])) {
      add('left', left[i++], true);
    } else {
      add('right', right[j++], true);
    }
  }
  return pieces;
}

/** The quoted value in a sentence: what is compared where both sides name one. */
const QUOTED = /"(?:[^"\\]|\\.)*"/;

/** Expected and actual with their difference marked; nothing is marked where they have little in common. */
function compared(expected, actual) {
  const [wanted, seen] = [QUOTED.exec(expected), QUOTED.exec(actual)];
  const whole = { left: [[expected, false]], right: [[actual, false]], alike: 0 };
  if (wanted && seen) {
    const inner = differences(wanted[0], seen[0]);
    const around = (text, match, pieces) => [
      [text.slice(0, match.index), false], ...pieces, [text.slice(match.index + match[0].length), false],
    ];
    return { left: around(expected, wanted, inner.left), right: around(actual, seen, inner.right), alike: inner.alike };
  }
  const found = differences(expected, actual);
  return found.alike >= 0.5 ? found : whole;
}

function milliseconds(value) {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  return `${value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

/** A button that copies text; where there is no clipboard, the text is selected instead. */
function copyButton(text, what) {
  const status = el('span', { class: 'copied', role: 'status' });
  const copy = async (event) => {
    const code = event.currentTarget.closest('.command').querySelector('code');
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      status.textContent = document.execCommand('copy') ? 'Copied' : 'Selected: copy it with your keyboard';
    }
    setTimeout(() => { status.textContent = ''; }, 4000);
  };
  return [el('button', { type: 'button', class: 'copy', 'aria-label': `Copy ${what}`, click: copy }, 'Copy'), status];
}

/** A command line: shown and copied as the same text, so that nothing unseen reaches a shell. */
function command(label, text) {
  const shown = visible(text);
  return el('div', { class: 'command' }, el('h4', {}, label), el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, el('code', {}, shown)), copyButton(shown, label));
}
