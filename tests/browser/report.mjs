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
      const pdf = await page.pdf({ format: "A4" });
      console.log(`the report prints to ${Math.round(pdf.length / 1000)} kB`);
    }
    await context.close();
  }
});
