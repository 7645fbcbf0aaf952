// The report as a file on disk, with the network off: `report.mjs FILE FOLDER-FOR-SCREENSHOTS`.
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { LOOKS, check, inspect, open } from "./browser.mjs";

const [file, folder] = process.argv.slice(2);

await check(async (browser, note) => {
  fs.mkdirSync(folder, { recursive: true });
  for (const { width, colours } of LOOKS) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: colours, offline: true, reducedMotion: "reduce" });
    const { page } = await open(context, pathToFileURL(file).href, note);
    await inspect(page, `the report at ${width} ${colours}`, note);
    await page.screenshot({ path: `${folder}/report-${width}-${colours}.png` });
    if (width === 1440 && colours === "light") {
      const broken = await page.$$eval('a[href^="#"]', (links) => links.filter((link) => !document.getElementById(decodeURIComponent(link.hash.slice(1)))).map((link) => link.hash));
      if (broken.length) note("the report", `leads nowhere: ${[...new Set(broken)].slice(0, 5).join(" ")}`);
      for (const [word, ending] of [["CSV", ".csv"], ["SVG", ".svg"]]) {
        const [download] = await Promise.all([page.waitForEvent("download"), page.locator("button.download:visible", { hasText: word }).first().click()]);
        if (!download.suggestedFilename().endsWith(ending)) note("the report", `gives ${download.suggestedFilename()} away for ${word}`);
      }
      await page.emulateMedia({ media: "print" });
      // A sheet of A4 between its margins.
      await page.setViewportSize({ width: 688, height: 1000 });
      const [wide, hidden] = await page.evaluate(() => {
        dispatchEvent(new Event("beforeprint"));
        const right = (it) => it.getBoundingClientRect().right;
        const tables = [...document.querySelectorAll("table")].filter((table) => right(table) > innerWidth + 1);
        const all = [...document.querySelectorAll(".service:not(.one-of-many), .all-gates, .all-values, .definition .prose")];
        return [tables.map((it) => it.parentElement.getAttribute("aria-label") ?? it.className), all.filter((it) => !it.checkVisibility()).length];
      });
      if (wide.length) note("the report on paper", `cuts off ${[...new Set(wide)].slice(0, 4).join(", ")}`);
      if (hidden) note("the report on paper", `leaves out ${hidden} parts`);
      const pdf = await page.pdf({ format: "A4" });
      console.log(`the report prints to ${Math.round(pdf.length / 1000)} kB`);
    }
    await context.close();
  }
});
