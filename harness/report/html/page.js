// The page: inflates the report, lists its cases, filters them, and keeps all of that in the address.

async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).json();
}

/** The cases of one outcome under its heading. */
function groupView(outcome, members) {
  const number = el('span', { class: 'tally' });
  const element = el('section', { class: `group ${outcome}`, 'aria-labelledby': `group-${outcome}` },
    el('h2', { id: `group-${outcome}` }, sign(outcome), OUTCOMES[outcome][0], ' ', number), members.map((member) => member.row));
  return { element, members, number };
}

/** Shows what a choice lets through and says how many that are. */
function sift(groups, choice) {
  let shown = 0;
  for (const { element, members, number } of groups) {
    let here = 0;
    for (const { report, text, row } of members) {
      row.hidden = !fits(choice, report, text);
      here += !row.hidden;
    }
    element.hidden = here === 0;
    number.textContent = here === members.length ? `${here}` : `${here} of ${members.length}`;
    shown += here;
  }
  return shown;
}

/** Everything that the script adds, and `read`, which makes it follow the address. */
function drawn(report) {
  let choice = choiceOf('');
  const write = () => history.replaceState(null, '', addressOf(choice));
  const cases = report.cases.map((one) => {
    const { row, fill } = caseRow(one, (open) => {
      choice.open[open ? 'add' : 'delete'](one.name);
      write();
    });
    return { report: one, text: searched(one), row, fill };
  });
  const groups = Object.keys(OUTCOMES)
    .map((outcome) => groupView(outcome, cases.filter((one) => one.report.outcome === outcome)))
    .filter(({ members }) => members.length > 0);
  const count = el('p', { class: 'shown', role: 'status' });
  const stray = el('p', { class: 'loud', hidden: true });

  const apply = () => {
    const shown = sift(groups, choice);
    count.textContent = cases.length === 0 ? 'This report has no cases'
      : shown === 0 ? 'No case matches these filters'
      : shown === cases.length ? `All ${shown} cases` : `${shown} of ${cases.length} cases`;
  };
  const { views, show } = controls(report.cases, () => choice, () => { apply(); write(); });
  const follow = (next) => { choice = next; show(); apply(); };
  const clear = el('button', { type: 'button', class: 'clear', click: () => {
    follow({ ...choiceOf(''), open: choice.open });
    write();
  } }, 'Clear filters');
  const read = () => {
    // The link that skips to the cases says nothing about them.
    if (location.hash && !location.hash.includes('=')) return;
    follow(choiceOf(location.hash));
    for (const { report: one, row } of cases) row.open = choice.open.has(one.name);
    const unknown = [...choice.open].filter((name) => cases.every((one) => one.report.name !== name));
    stray.textContent = `The link leads to ${visible(unknown.join(' and '))}, which this report does not have.`;
    stray.hidden = unknown.length === 0;
    const first = cases.find(({ row }) => row.open && !row.hidden);
    // Without its body the page may be too short to scroll to it.
    first?.fill();
    first?.row.scrollIntoView({ block: 'start', behavior: 'instant' });
  };
  const filters = el('details', { class: 'filters', open: matchMedia('(min-width: 60rem)').matches },
    el('summary', {}, 'Filters'), el('div', { class: 'controls' }, views, clear));
  const view = [
    el('div', { class: 'side', role: 'search', 'aria-label': 'Cases' }, filters, count),
    el('div', { class: 'list' }, stray, groups.map(({ element }) => element)),
  ];
  return { view, read };
}

/** Puts the list in the place of the text, which stays for print. */
function start(report) {
  const { view, read } = drawn(report);
  const [place, root] = [document.getElementById('cases'), document.documentElement];
  view.forEach((part) => place.append(part));
  root.classList.add('listed');
  try {
    read();
  } catch (error) {
    root.classList.remove('listed');
    view.forEach((part) => part.remove());
    throw error;
  }
  addEventListener('hashchange', read);
}

// Where this fails, the text that is already there stays, and says why there is no more.
inflated(document.getElementById('data').textContent).then(start).catch((error) => {
  document.getElementById('why').textContent = `The list of all cases could not be drawn here: ${visible(error)}.`;
});
