// Every kind of page, as it is linked to, in every width and colour: `pages.mjs ADDRESS FOLDER-FOR-SCREENSHOTS [quick]`.
// Quick is one width in one colour each, for what differs from other runs in its content alone.
import fs from "node:fs";
import { LOOKS, check, inspect, open, turn } from "./browser.mjs";

const [base, folder, isQuick] = process.argv.slice(2);

// One of many alike is enough; tables and pictures to download are no pages.
const kind = (path) => path.replace(/^\/(services|delivery|definitions|teams)\/[^/]+$/, "/$1/*");
const isPage = (path) => !/\.(csv|svg|json|css|js)$/.test(path) && !/^\/(api|badges|download|webhooks)\//.test(path);
const named = (path) => path.replace("*", "one").replace(/[^a-z]+/gi, "_").replace(/^_|_$/g, "") || "overview";

async function find(browser) {
  const page = await browser.newPage();
  const kinds = new Map();
  const waiting = ["/", "/delivery/change_lead_time", "/compare?before=1&after=2"];
  while (waiting.length) {
    const path = waiting.shift();
    const { pathname } = new URL(path, base);
    if (kinds.has(kind(pathname)) || !isPage(pathname)) continue;
    const answer = await page.goto(base + path, { waitUntil: "load" });
    // A store without snapshots has none to compare, and one without facts no metric.
    if (answer.status() === 404 && !kinds.has("/")) throw new Error(`${path} is not there`);
    if (answer.status() !== 200) continue;
    kinds.set(kind(pathname), path);
    for (const link of await page.$$eval("a[href]", (links) => links.map((link) => link.href))) {
      const to = new URL(link);
      if (to.origin === new URL(base).origin) waiting.push(to.pathname + to.search);
    }
  }
  await page.close();
  return kinds;
}

await check(async (browser, note) => {
  fs.mkdirSync(folder, { recursive: true });
  const kinds = await find(browser);
  console.log(`${kinds.size} kinds of page: ${[...kinds.keys()].join(" ")}`);
  // The widest screen is looked at in one colour: what it may break is the layout alone.
  const widest = isQuick ? [] : [{ width: 2560, colours: "light" }];
  const looks = isQuick ? LOOKS.filter(({ width, colours }) => (width === 390) === (colours === "dark")) : LOOKS;
  const context = await browser.newContext({ reducedMotion: "reduce" });
  const look = async ([name, path]) => {
    const { page, answer } = await open(context, base + path, note);
    if (answer.status() !== 200) note(path, `status ${answer.status()}`);
    for (const one of [...looks, ...widest]) {
      await turn(page, one);
      await inspect(page, `${path} at ${one.width} ${one.colours}`, note);
      const file = `${folder}/${named(name)}-${one.width}-${one.colours}.png`;
      await page.screenshot({ path: file, fullPage: true });
    }
    // The tables behind the charts stay within the page when somebody opens them all.
    if (await page.$$eval("details.data", (tables) => tables.map((table) => { table.open = true; }).length)) {
      for (const width of isQuick ? [390] : [1440, 390]) {
        await turn(page, { width, colours: "light" });
        await inspect(page, `${path} at ${width}, tables open`, note);
      }
    }
    await page.close();
  };
  // Two pages at a time keep the browser and the server both at work.
  const waiting = [...kinds];
  const next = async () => { while (waiting.length) await look(waiting.shift()); };
  await Promise.all([next(), next()]);
});
