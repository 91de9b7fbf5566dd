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

function milliseconds(value) {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  return `${value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

/** A button that copies text; where there is no clipboard, the text is selected instead. */
function copyButton(text, what, code) {
  const status = el('span', { class: 'copied', role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      status.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      status.textContent = document.execCommand('copy') ? 'Copied' : 'Selected: copy it with your keyboard';
    }
    setTimeout(() => { status.textContent = ''; }, 4000);
  };
  return [el('button', { type: 'button', class: 'small copy', 'aria-label': `Copy: ${what}`, click: copy }, 'Copy'), status];
}

/** A command line: shown and copied as the same text, so that nothing unseen reaches a shell. */
function command(label, text, heading = 'h4') {
  const shown = visible(text);
  const code = el('code', {}, shown);
  return el('div', { class: 'command' },
    el('div', { class: 'commandhead' }, el(heading, {}, label), el('span', {}, copyButton(shown, label, code))),
    el('pre', { tabindex: '0', role: 'region', 'aria-label': label }, code));
}
