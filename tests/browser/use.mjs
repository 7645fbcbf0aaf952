// Using the pages without a mouse, without JavaScript, and on paper: `use.mjs ADDRESS`.
import { check, open } from "./browser.mjs";

const [base] = process.argv.slice(2);
const PAGES = [
  "/", "/services", "/teams", "/delivery", "/delivery/change_lead_time", "/maturity", "/decision", "/plan", "/platform", "/ai",
  "/architecture", "/pitfalls", "/coverage", "/definitions", "/definitions/ci_pipeline", "/declare", "/snapshots", "/compare",
];

/** Goes through a page by the Tab key alone and tells where it has been. */
async function tabThrough(page) {
  const seen = [];
  for (let steps = 0; steps < 2000; steps += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const it = document.activeElement;
      if (!it || it === document.body) return null;
      it.dataset.reached = "yes";
      const style = getComputedStyle(it);
      return { name: `${it.tagName.toLowerCase()} ${it.textContent.trim().slice(0, 30)}`, isMarked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 };
    });
    if (!at) return seen;
    seen.push(at);
  }
  throw new Error("the Tab key never comes to the end");
}

async function keyboard(browser, note) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  for (const path of PAGES) {
    const { page } = await open(context, base + path, note);
    const reached = await tabThrough(page);
    if (!reached[0]?.name.startsWith("a Skip")) note(path, `Tab begins with ${reached[0]?.name}, not with a way past the navigation`);
    for (const { name, isMarked } of reached) if (!isMarked) note(path, `${name} does not show that it has the focus`);
    const missed = await page.$$eval("a[href], button, input, select, textarea, summary, [tabindex='0']", (all) => all
      // Of radio buttons that belong together, one takes the focus for all.
      .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.type !== "radio" && !it.dataset.reached)
      .map((it) => `${it.tagName.toLowerCase()} ${it.textContent.trim().slice(0, 30)}`));
    if (missed.length) note(path, `Tab never comes to ${missed.slice(0, 3).join(", ")} (${missed.length})`);
    await page.close();
  }
  // A table is sorted and a disclosure opened by keys.
  const { page } = await open(context, `${base}/delivery/change_lead_time`, note);
  const first = () => page.$eval("table[data-sortable] tbody th", (it) => it.textContent);
  const sorter = page.locator("table[data-sortable] thead button").first();
  await sorter.focus();
  await page.keyboard.press("Enter");
  const rising = await first();
  await page.keyboard.press("Enter");
  if (rising === await first()) note("/delivery/change_lead_time", "Enter does not sort the table");
  await page.locator(".choice > summary").focus();
  await page.keyboard.press("Enter");
  if (!(await page.locator(".choice-form").isVisible())) note("/delivery/change_lead_time", "Enter does not open the choice of window");
  await context.close();
}

async function withoutScript(browser, note) {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 900 } });
  for (const path of PAGES) {
    const { page } = await open(context, base + path, note);
    for (const part of ["h1", "main", "nav a"]) {
      if (!(await page.locator(part).first().isVisible())) note(path, `${part} is not to be seen without JavaScript`);
    }
    await page.close();
  }
  const { page } = await open(context, `${base}/services`, note);
  const rows = await page.locator("tbody tr").count();
  const name = (await page.locator("tbody th a").first().textContent()).trim();
  await page.fill("form.filter input[name=q]", name);
  await page.click("form.filter button");
  const left = await page.locator("tbody tr").allTextContents();
  if (!(left.length > 0 && left.length < rows)) note("/services", `the filter leaves ${left.length} of ${rows} rows without JavaScript`);
  await page.locator("tbody th a").first().click();
  if (!(await page.locator("h1").textContent()).includes(name)) note("/services", "a link does not lead to its service");
  await context.close();
}

async function onPaper(browser, note) {
  const context = await browser.newContext();
  for (const path of PAGES) {
    const { page } = await open(context, base + path, note);
    await page.emulateMedia({ media: "print" });
    for (const part of [".pages", "[data-theme-toggle]"]) {
      if (await page.locator(part).first().isVisible()) note(path, `${part} would be printed`);
    }
    if (!(await page.locator(".scope").isVisible())) note(path, "does not say on paper what it is about");
    const pdf = await page.pdf({ format: "A4" });
    if (!pdf.subarray(0, 5).equals(Buffer.from("%PDF-"))) note(path, "does not print");
    await page.close();
  }
  await context.close();
}

await check(async (browser, note) => {
  await keyboard(browser, note);
  await withoutScript(browser, note);
  await onPaper(browser, note);
});
