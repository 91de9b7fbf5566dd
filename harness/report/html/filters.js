// What is chosen on the page, its form as the part of the address after `#`, and the controls that change it.

/** What can be chosen, and how that is called. */
const FILTERS = { outcome: 'Outcome', level: 'Level', vendor: 'Vendor', chapter: 'Chapter' };

/** What a link says: words to search, what each filter lets through, cases that are open. */
function choiceOf(hash) {
  const words = new URLSearchParams(hash.slice(1));
  const choice = { q: words.get('q') ?? '', open: new Set(words.getAll('case').filter(Boolean)) };
  for (const filter of Object.keys(FILTERS)) choice[filter] = new Set(words.getAll(filter));
  return choice;
}

/** The link of a choice. Every value stands by itself, so that none can be taken for two. */
function addressOf(choice) {
  const words = new URLSearchParams();
  if (choice.q) words.set('q', choice.q);
  for (const filter of Object.keys(FILTERS)) for (const value of choice[filter] ?? []) words.append(filter, value);
  for (const name of choice.open) words.append('case', name);
  return `#${words}`;
}

/** What a case is, for each filter; not every case is about a vendor. */
function trait(report, filter) {
  return filter === 'vendor' ? report.vendor ?? 'no vendor' : report[filter];
}

/** All that a search looks at; the transcript is not part of it, or everything would match. */
function searched(report) {
  const findings = report.findings.flatMap((finding) => [...finding.expected, finding.actual]);
  return [report.name, report.requirement, report.sentence, report.reason ?? '', ...findings].join('\n').toLowerCase();
}

/** Whether a choice lets a case through; `text` is what is searched of it. */
function fits(choice, report, text) {
  return Object.keys(FILTERS).every((filter) => choice[filter].size === 0 || choice[filter].has(trait(report, filter)))
    && choice.q.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word));
}

/** How many cases have each value of a filter; outcomes in the order of how much they ask for. */
function tally(reports, filter) {
  const values = new Map(filter === 'outcome' ? Object.keys(OUTCOMES).map((outcome) => [outcome, 0]) : []);
  for (const report of reports) values.set(trait(report, filter), (values.get(trait(report, filter)) ?? 0) + 1);
  return [...values].filter(([, count]) => count > 0);
}

/** Switches for a filter, any number of which may be on. */
function switches(filter, values, choice, changed) {
  const boxes = values.map(([value, count]) => {
    const box = el('input', { type: 'checkbox', value, change: () => {
      choice()[filter][box.checked ? 'add' : 'delete'](value);
      changed();
    } });
    const name = filter === 'outcome' ? [sign(value), OUTCOMES[value][0]] : visible(value);
    return { box, value, label: el('label', { class: `chip ${filter === 'outcome' ? value : ''}` }, box, el('span', {}, name, ' ', el('span', { class: 'number' }, String(count)))) };
  });
  return {
    view: el('fieldset', {}, el('legend', {}, FILTERS[filter]), el('div', { class: 'chips' }, boxes.map(({ label }) => label))),
    show: () => boxes.forEach(({ box, value }) => { box.checked = choice()[filter].has(value); }),
  };
}

/** A list for a filter with too many values for switches. */
function list(filter, values, choice, changed) {
  const select = el('select', { id: filter, change: () => {
    choice()[filter] = new Set(select.value ? [select.value] : []);
    changed();
  } }, el('option', { value: '' }, 'All'), values.map(([value, count]) => el('option', { value }, `${visible(value)} (${count})`)));
  return {
    view: el('div', { class: 'field' }, el('label', { for: filter }, FILTERS[filter]), select),
    show: () => { select.value = [...choice()[filter]][0] ?? ''; },
  };
}

function searchField(choice, changed) {
  const field = el('input', { type: 'search', id: 'search', autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'searchhint', input: () => {
    choice().q = field.value;
    changed();
  } });
  return {
    view: el('div', { class: 'field' }, el('label', { for: 'search' }, 'Search'), field, el('span', { class: 'muted', id: 'searchhint' }, 'Name, id, or words of a sentence or finding')),
    show: () => { field.value = choice().q; },
  };
}

/** All controls. `choice` tells the present one, `changed` is told of a change; `show` puts a new one into them. */
function controls(reports, choice, changed) {
  const parts = [searchField(choice, changed)];
  for (const filter of Object.keys(FILTERS)) {
    parts.push((filter === 'chapter' ? list : switches)(filter, tally(reports, filter), choice, changed));
  }
  return { views: parts.map((part) => part.view), show: () => parts.forEach((part) => part.show()) };
}
