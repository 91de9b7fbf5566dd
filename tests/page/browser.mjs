#!/usr/bin/env node
// Opens pages that Ringback wrote in headless Chromium, without a network, and says what is wrong with them.
//
//   node browser.mjs CHROMIUM FOLDER [NAME…]
//
// Run it in the folder of node_modules (playwright-core, axe-core). FOLDER holds a .json and the .html made of it
// for each report that `checks.mjs` names. One line per check; the exit code is 1 when one fails, 2 when the call
// is wrong. NAMEs run only the checks that begin with one of them.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { CHECKS } from './checks.mjs';

const [executablePath, folder, ...wanted] = process.argv.slice(2);
if (!folder || !existsSync(executablePath)) {
  console.error('browser.mjs CHROMIUM FOLDER [NAME…]');
  process.exit(2);
}
const require = createRequire(join(process.cwd(), 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
/** No check takes a tenth of it on a machine of its own; one that hangs must not hang the rest. */
const PATIENCE_MS = 60_000;
/** They wait for the browser more than they work. */
const AT_ONCE = 3;
const DESK = { viewport: { width: 1280, height: 900 } };

/** A page of one report. Whatever it asks for, says on its console or asks the reader is kept in `noise`. */
async function opened(browser, { report, hash = '', context: settings = {}, before }) {
  const context = await browser.newContext({ ...DESK, ...settings, offline: true });
  const page = await context.newPage();
  const address = pathToFileURL(resolve(folder, `${report}.html`)).href;
  page.setDefaultTimeout(10_000);
  const noise = [];
  page.on('request', (request) => { if (request.url().split('#')[0] !== address) noise.push(`it asks for ${request.url()}`); });
  page.on('console', (message) => noise.push(`it says ${message.text()}`));
  page.on('pageerror', (error) => noise.push(`it throws ${error.message}`));
  page.on('dialog', (dialog) => { noise.push(`it asks ${dialog.message()}`); dialog.dismiss(); });
  page.on('popup', (popup) => noise.push(`it opens ${popup.url()}`));
  if (before) await context.addInitScript(before);
  const data = JSON.parse(readFileSync(join(folder, `${report}.json`), 'utf8'));
  await page.goto(address + (typeof hash === 'function' ? hash(data) : hash));
  if (settings.javaScriptEnabled !== false && !before) await page.locator('html.listed').waitFor();
  return { context, page, noise, data, address, axe, again: (more) => opened(browser, { report, context: settings, ...more }) };
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function late() {
  return new Promise((_, fail) => setTimeout(() => fail(new Error('it does not end')), PATIENCE_MS).unref());
}

/** Runs one check on a page of its own; whether it holds. */
async function holds(browser, check) {
  const since = performance.now();
  let stage;
  try {
    stage = await opened(browser, check);
    const said = await Promise.race([check.run(stage), late()]);
    if (stage.noise.length > 0) throw new Error(stage.noise.join('; '));
    console.log(`ok    ${check.name}${said ? `: ${said}` : ''} (${seconds(since)})`);
    return true;
  } catch (error) {
    console.log(`FAIL  ${check.name}: ${error.message}`);
    return false;
  } finally {
    await stage?.context.close();
  }
}

const began = performance.now();
const browser = await chromium.launch({ executablePath, args: FLAGS });
const chosen = CHECKS.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)));
const results = [];
/** Takes one check after the other from a queue that others take from too. */
async function work(queue) {
  for (let check = queue.shift(); check; check = queue.shift()) results.push(await holds(browser, check));
}
const together = chosen.filter((check) => !check.alone);
await Promise.all(Array.from({ length: AT_ONCE }, () => work(together)));
await work(chosen.filter((check) => check.alone));
await browser.close();
const kept = results.filter(Boolean).length;
console.log(`${kept} of ${results.length} checks of the page hold; ${seconds(began)}`);
process.exitCode = kept < results.length || kept === 0 ? 1 : 0;
