// New facts show without a reload: `live.mjs ADDRESS`. Says `ready` when somebody may send them, and waits for the page to change.
import { check, open } from "./browser.mjs";

const [base] = process.argv.slice(2);

await check(async (browser, note) => {
  const context = await browser.newContext();
  const { page } = await open(context, base, note);
  await page.evaluate(() => { window.isTheSame = true; });
  await page.waitForFunction(() => document.body.dataset.live);
  // What a reader was doing on another page is kept when a new answer comes.
  const { page: busy } = await open(context, `${base}/definitions`, note);
  await busy.fill(".table-filter input", "deployment");
  await busy.locator("details.definition:visible").first().locator("summary").click();
  const kept = () => busy.evaluate(() => {
    const main = document.querySelector("main");
    return JSON.stringify([main.querySelector(".table-filter input").value, main.querySelectorAll("details[open]").length, document.activeElement.tagName]);
  });
  const doing = await kept();
  await busy.evaluate(() => { window.mainBefore = document.querySelector("main"); });
  const before = await page.locator("main").innerText();
  console.log("ready");
  await page.waitForFunction((text) => document.querySelector("main").innerText !== text, before, { timeout: 60000 });
  await busy.waitForFunction(() => document.querySelector("main") !== window.mainBefore, null, { timeout: 60000 });
  if (await kept() !== doing) note("/definitions", `a new answer turned ${doing} into ${await kept()}`);
  if (!(await page.evaluate(() => window.isTheSame))) note(base, "was loaded again");
  await context.close();
});
