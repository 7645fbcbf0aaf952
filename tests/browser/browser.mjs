// A browser, and what every check has in common: findings are gathered and told at the end, all of them.
import fs from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The widths and colours in which a page must hold. */
export const LOOKS = [1440, 390].flatMap((width) => ["light", "dark"].map((colours) => ({ width, colours })));

/** Runs a check with a browser and a function that notes a finding; ends the process with 1 when there was one. */
export async function check(work) {
  const findings = [];
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    // Tests run as root in containers, where the sandbox cannot be had. The rest keeps it from asking the network.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  try {
    await work(browser, (where, what) => findings.push(`${where}: ${what}`));
  } finally {
    await browser.close();
  }
  for (const finding of findings) console.log(finding);
  process.exitCode = findings.length ? 1 : 0;
}

/** A page that notes what its console says and whatever it asks of another place. */
export async function open(context, address, note) {
  const page = await context.newPage();
  const home = new URL(address);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) note(address, `console: ${message.text()}`); });
  page.on("pageerror", (error) => note(address, `script: ${error}`));
  page.on("dialog", (dialog) => { note(address, `a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.protocol !== "data:" && asked.origin !== home.origin) note(address, `asks ${asked.origin}`);
  });
  const answer = await page.goto(address, { waitUntil: "load" });
  return { page, answer };
}

/** Turns an open page to a width and colour. */
export async function turn(page, { width, colours }) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: colours });
}

/** What may not be on any page: wider than the window, and what axe objects to. In the dark it is asked about colours alone. */
export async function inspect(page, where, note) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (wide > room) {
    const widest = await page.evaluate(() => [...document.querySelectorAll("body *")]
      .filter((it) => it.getBoundingClientRect().right > innerWidth && !it.closest(".scroll"))
      .slice(0, 3).map((it) => `${it.tagName.toLowerCase()}.${it.className?.baseVal ?? it.className}`));
    note(where, `is ${wide} wide in ${room}: ${widest.join(", ")}`);
  }
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe);
  const { violations } = await page.evaluate(() => {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    return window.axe.run(document, { resultTypes: ["violations"], ...(isDark && { runOnly: ["color-contrast"] }) });
  });
  for (const { id, nodes } of violations) {
    note(where, `axe ${id} in ${nodes.length}: ${nodes[0].target.join(" ")} ${nodes[0].any[0]?.message ?? ""}`);
  }
}
