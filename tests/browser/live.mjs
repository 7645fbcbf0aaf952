// New facts show without a reload: `live.mjs ADDRESS`. Says `ready` when somebody may send them, and waits for the page to change.
import { check, open } from "./browser.mjs";

const [base] = process.argv.slice(2);

await check(async (browser, note) => {
  const context = await browser.newContext();
  const { page } = await open(context, base, note);
  await page.evaluate(() => { window.isTheSame = true; });
  await page.waitForFunction(() => document.body.dataset.live);
  const before = await page.locator("main").innerText();
  console.log("ready");
  await page.waitForFunction((text) => document.querySelector("main").innerText !== text, before, { timeout: 60000 });
  if (!(await page.evaluate(() => window.isTheSame))) note(base, "was loaded again");
  await context.close();
});
