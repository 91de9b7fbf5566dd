// The page: inflates the report, lists its cases, filters them, and keeps all of that in the address.

const FILTERS = ['outcome', 'level', 'vendor', 'chapter'];

async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).json();
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

function start(report) {
  const cases = report.cases.map((one) => ({ report: one, text: searched(one), row: null }));
  const state = { q: '', open: new Set(), ...Object.fromEntries(FILTERS.map((filter) => [filter, new Set()])) };
  const count = el('p', { class: 'shown', role: 'status', 'aria-live': 'polite' });
  const nothing = el('p', { class: 'nothing', hidden: true }, 'No case matches these filters.');

  const write = () => {
    const words = new URLSearchParams();
    if (state.q) words.set('q', state.q);
    for (const filter of FILTERS) if (state[filter].size > 0) words.set(filter, [...state[filter]].join(','));
    if (state.open.size > 0) words.set('case', [...state.open].join(','));
    history.replaceState(null, '', `#${words}`);
  };

  const sections = Object.keys(OUTCOMES).flatMap((outcome) => {
    const members = cases.filter((one) => one.report.outcome === outcome);
    if (members.length === 0) return [];
    for (const member of members) {
      member.row = caseRow(member.report, (row) => {
        state.open[row.open ? 'add' : 'delete'](member.report.name);
        write();
      });
    }
    const tally = el('span', { class: 'tally' });
    const element = el('section', { class: `group ${outcome}`, 'aria-labelledby': `group-${outcome}` },
      el('h2', { id: `group-${outcome}` }, sign(outcome), OUTCOMES[outcome][0], ' ', tally), members.map((member) => member.row));
    return [{ element, members, tally }];
  });

  const apply = () => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { element, members, tally } of sections) {
      let here = 0;
      for (const { report: one, text, row } of members) {
        const fits = FILTERS.every((filter) => state[filter].size === 0 || state[filter].has(trait(one, filter)))
          && words.every((word) => text.includes(word));
        row.hidden = !fits;
        here += fits;
      }
      element.hidden = here === 0;
      tally.textContent = here === members.length ? `${here}` : `${here} of ${members.length}`;
      shown += here;
    }
    count.textContent = shown === cases.length ? `All ${shown} cases` : `${shown} of ${cases.length} cases`;
    nothing.hidden = shown > 0;
  };

  const search = el('input', { type: 'search', id: 'search', placeholder: 'name, id, words', autocomplete: 'off', spellcheck: 'false', input: () => {
    state.q = search.value;
    apply();
    write();
  } });
  const { controls, show } = filterControls(cases, state, () => { apply(); write(); });
  const clear = el('button', { type: 'button', class: 'clear', click: () => {
    state.q = '';
    FILTERS.forEach((filter) => state[filter].clear());
    read(false);
    write();
  } }, 'Clear filters');

  const read = (fromAddress) => {
    if (fromAddress) {
      const words = new URLSearchParams(location.hash.slice(1));
      state.q = words.get('q') ?? '';
      for (const filter of FILTERS) state[filter] = new Set((words.get(filter) ?? '').split(',').filter(Boolean));
      state.open = new Set((words.get('case') ?? '').split(',').filter(Boolean));
      for (const { report: one, row } of cases) row.open = state.open.has(one.name);
    }
    search.value = state.q;
    show();
    apply();
  };

  document.getElementById('plain')?.remove();
  document.getElementById('main').append(
    el('search', { class: 'filters', 'aria-label': 'Filter the cases' },
      el('div', { class: 'find' }, el('label', { for: 'search' }, 'Search'), search), controls, el('div', { class: 'result' }, count, clear)),
    nothing, ...sections.map(({ element }) => element));
  addEventListener('hashchange', () => read(true));
  read(true);
  document.querySelector('.case[open]')?.scrollIntoView({ block: 'start' });
}

/** A group of switches for each filter that has something to choose, and the chapters as a list. */
function filterControls(cases, state, changed) {
  const shows = [];
  const controls = FILTERS.map((filter) => {
    const values = new Map();
    for (const { report } of cases) values.set(trait(report, filter), (values.get(trait(report, filter)) ?? 0) + 1);
    const keys = filter === 'outcome' ? Object.keys(OUTCOMES).filter((outcome) => values.has(outcome)) : [...values.keys()];
    const title = filter[0].toUpperCase() + filter.slice(1);
    if (filter === 'chapter') {
      const select = el('select', { id: 'chapter', change: () => {
        state.chapter = new Set(select.value ? [select.value] : []);
        changed();
      } }, el('option', { value: '' }, 'All chapters'), keys.map((key) => el('option', { value: key }, `${visible(key)} (${values.get(key)})`)));
      shows.push(() => { select.value = [...state.chapter][0] ?? ''; });
      return el('div', { class: 'choice' }, el('label', { for: 'chapter' }, title), select);
    }
    const buttons = keys.map((key) => {
      const button = el('button', { type: 'button', class: `chip ${filter === 'outcome' ? key : ''}`, 'aria-pressed': 'false', click: () => {
        state[filter][state[filter].has(key) ? 'delete' : 'add'](key);
        shows.forEach((show) => show());
        changed();
      } }, filter === 'outcome' ? [sign(key), OUTCOMES[key][0]] : visible(key), ' ', el('span', { class: 'number' }, String(values.get(key))));
      shows.push(() => button.setAttribute('aria-pressed', state[filter].has(key)));
      return button;
    });
    return el('div', { class: 'choice', role: 'group', 'aria-labelledby': `by-${filter}` }, el('span', { class: 'label', id: `by-${filter}` }, title), buttons);
  });
  return { controls, show: () => shows.forEach((show) => show()) };
}

// Where this fails, the text that is already there stays.
inflated(document.getElementById('data').textContent).then(start);
