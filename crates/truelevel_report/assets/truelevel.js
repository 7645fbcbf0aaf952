// Tooltips, table filter and sort, theme, live refresh. Every page works without any of it.
(() => {
  "use strict";
  const root = document.documentElement;

  // Theme: what the system says, unless the reader chose.
  const stored = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
  if (stored) root.dataset.theme = stored;
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const toggle = document.querySelector("[data-theme-toggle]");
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; toggle.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
  if (toggle) {
    toggle.hidden = false;
    name();
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a file may not store */ }
      name();
    });
  }

  // Tooltips: the titles inside charts, shown at once and near the pointer.
  const tip = document.querySelector(".tip");
  const place = (event) => {
    const x = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${y < 8 ? event.clientY + 16 : y}px`;
  };
  document.addEventListener("pointerover", (event) => {
    const mark = event.target.closest?.(".chart [data-tip], .chart :has(> title)");
    if (!mark) { tip.hidden = true; return; }
    const title = mark.querySelector(":scope > title");
    if (title) { mark.dataset.tip = title.textContent; title.remove(); }
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    place(event);
  });
  document.addEventListener("pointermove", (event) => { if (!tip.hidden) place(event); });
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true, capture: true });

  // Tables and lists: what holds the words. Tables also in the order of a column; unknown values stay last either way.
  const addFilter = (what, before, items) => {
    const label = document.createElement("label");
    label.className = "filter table-filter";
    label.textContent = `Find a ${what} `;
    const input = label.appendChild(document.createElement("input"));
    input.type = "search";
    const said = label.appendChild(document.createElement("span"));
    said.className = "soft";
    said.setAttribute("role", "status");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      const all = items();
      for (const item of all) {
        const text = item.textContent.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
        if (!item.hidden) shown += 1;
      }
      said.textContent = words.length ? `${shown} of ${all.length}` : "";
    });
    before.before(label);
  };
  const sortBy = (table, column, falls) => {
    const [heads, body] = [table.tHead.rows[0].cells, table.tBodies[0]];
    for (const other of heads) other.removeAttribute("aria-sort");
    heads[column].setAttribute("aria-sort", falls ? "descending" : "ascending");
    const key = (row) => {
      const cell = row.cells[column];
      return "value" in cell.dataset ? cell.dataset.value : cell.textContent.trim();
    };
    const isNumber = [...body.rows].some((row) => "value" in row.cells[column].dataset);
    const sorted = [...body.rows].map((row) => [key(row), row]).sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      const order = isNumber ? a - b : a.localeCompare(b, undefined, { numeric: true });
      return falls ? -order : order;
    });
    body.append(...sorted.map(([, row]) => row));
  };
  const prepare = (table) => {
    const rows = table.tBodies[0].rows;
    if (table.dataset.filter && rows.length > 8) addFilter(table.dataset.filter, table.closest(".scroll"), () => [...rows]);
    if (!("sortable" in table.dataset)) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      const name = head.textContent;
      if (head.querySelector("a")) {
        button.setAttribute("aria-label", `Sort by ${name}`);
        head.append(button);
      } else {
        button.textContent = name;
        head.replaceChildren(button);
      }
      button.addEventListener("click", () => sortBy(table, column, head.getAttribute("aria-sort") === "ascending"));
    });
  };
  const takeAway = (text, type, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const download = (place, word, of, make) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "download";
    button.textContent = word;
    button.setAttribute("aria-label", `${word} of ${of}`);
    button.addEventListener("click", make);
    place.append(button, " ");
  };
  const asCsv = (table) => [...table.rows].map((row) => [...row.cells].map((cell) => {
    const words = [...cell.childNodes].map((node) => node.textContent.trim()).filter(Boolean).join(" ");
    const text = /^[=+@\t-]/.test(words) && Number.isNaN(Number(words)) ? `'${words}` : words;
    return `"${text.replaceAll('"', '""')}"`;
  }).join(",")).join("\r\n") + "\r\n";
  // A picture by itself needs the look that the page gives it, and what it shares with others.
  const LOOK = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font-family", "font-size", "font-weight", "paint-order"];
  const asSvg = (picture) => {
    const copy = picture.cloneNode(true);
    const dress = (from, to) => {
      const style = getComputedStyle(from);
      for (const name of LOOK) to.setAttribute(name, style.getPropertyValue(name));
      [...from.children].forEach((child, at) => dress(child, to.children[at]));
    };
    dress(picture, copy);
    for (const use of copy.querySelectorAll("use")) {
      const shared = document.querySelector(use.getAttribute("href"));
      const own = shared.cloneNode(true);
      dress(shared, own);
      use.replaceWith(own);
    }
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", picture.clientWidth || 720);
    return new XMLSerializer().serializeToString(copy);
  };
  const isReport = Boolean(document.querySelector('meta[http-equiv="Content-Security-Policy"]'));
  const called = (of) => of.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "truelevel";
  // A server hands out files; a report makes them itself.
  const offerFiles = () => {
    for (const figure of document.querySelectorAll(".figure")) {
      const picture = figure.querySelector("svg.chart");
      const of = (figure.querySelector(".figure-title") ?? figure.closest("section")?.querySelector("h2, h3, h4"))?.textContent ?? "picture";
      if (picture) download(figure.querySelector(".figure-foot"), "SVG", of, () => takeAway(asSvg(picture), "image/svg+xml", `${called(of)}.svg`));
    }
    for (const table of document.querySelectorAll(".scroll > table")) {
      const of = table.parentElement.getAttribute("aria-label") ?? "table";
      const place = document.createElement("p");
      place.className = "table-head";
      table.parentElement.before(place);
      download(place, "CSV", of, () => takeAway(asCsv(table), "text/csv", `${called(of)}.csv`));
    }
  };
  const prepareAll = () => {
    if (isReport) offerFiles();
    document.querySelectorAll("table[data-filter], table[data-sortable]").forEach(prepare);
    const lists = [...document.querySelectorAll("[data-find]")];
    if (lists.length) {
      const items = () => lists.flatMap((list) => [...list.querySelectorAll(":scope > details")]);
      if (items().length > 8) addFilter(lists[0].dataset.find, lists[0], items);
    }
    for (const code of document.querySelectorAll("pre[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      });
      const box = document.createElement("div");
      box.className = "copied-from";
      code.replaceWith(box);
      box.append(button, code);
    }
    const [strip, here] = [document.querySelector(".pages"), document.querySelector(".pages [aria-current]")];
    if (strip && here && strip.scrollWidth > strip.clientWidth) {
      strip.scrollLeft += here.getBoundingClientRect().left - strip.getBoundingClientRect().left - strip.clientWidth / 3;
    }
  };
  prepareAll();

  // On paper nothing can be unfolded: definitions stand open there, and what was folded is folded again.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details.definition:not([open]), .callout details:not([open])")];
    for (const details of unfolded) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of unfolded) details.open = false;
  });

  // A link to something folded away unfolds it.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();

  // In a report, the navigation follows the reader.
  const entries = new Map([...document.querySelectorAll('.pages a[href^="#"]')].map((link) => [link.hash.slice(1), link]));
  if (entries.size) {
    const seen = new IntersectionObserver((changes) => {
      for (const change of changes) {
        if (!change.isIntersecting) continue;
        for (const link of entries.values()) link.removeAttribute("aria-current");
        entries.get(change.target.id)?.setAttribute("aria-current", "true");
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    for (const id of entries.keys()) { const page = document.getElementById(id); if (page) seen.observe(page); }
  }

  // How long ago: the page says when, which stays true without a script.
  const age = () => {
    const time = document.querySelector(".live-when time");
    if (!time) return;
    time.title ||= time.textContent;
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const [amount, unit] = seconds < 60 ? [0] : seconds < 3600 ? [seconds / 60, "minute"] : seconds < 86400 ? [seconds / 3600, "hour"] : [seconds / 86400, "day"];
    const whole = Math.floor(amount);
    time.textContent = unit ? `${whole} ${unit}${whole === 1 ? "" : "s"} ago` : "just now";
  };
  age();
  setInterval(age, 20000);

  // What a reader did to a page: words to find, orders, what is open, where the focus and the scrolling are.
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const notice = () => {
    const main = document.querySelector("main");
    const all = (selector) => [...main.querySelectorAll(selector)];
    const at = document.activeElement;
    return {
      found: all(".table-filter input").map((input) => input.value),
      orders: all("table[data-sortable]").map((table) => {
        const heads = [...table.tHead.rows[0].cells];
        const column = heads.findIndex((head) => head.hasAttribute("aria-sort"));
        return [column, heads[column]?.getAttribute("aria-sort") === "descending"];
      }),
      open: all("details").map((details) => details.open),
      scrolled: all(".scroll").map((it) => [it.scrollLeft, it.scrollTop]),
      focus: main.contains(at) ? all(FOCUSABLE).indexOf(at) : -1,
      selection: at?.selectionStart,
      page: [scrollX, scrollY],
    };
  };
  const restore = (before) => {
    const main = document.querySelector("main");
    const all = (selector) => [...main.querySelectorAll(selector)];
    all("table[data-sortable]").forEach((table, at) => {
      const [column, falls] = before.orders[at] ?? [-1];
      if (column >= 0 && column < table.tHead.rows[0].cells.length) sortBy(table, column, falls);
    });
    all(".table-filter input").forEach((input, at) => {
      if (!before.found[at]) return;
      input.value = before.found[at];
      input.dispatchEvent(new Event("input"));
    });
    all("details").forEach((details, at) => { details.open = before.open[at] ?? details.open; });
    all(".scroll").forEach((it, at) => { [it.scrollLeft, it.scrollTop] = before.scrolled[at] ?? [0, 0]; });
    const focus = all(FOCUSABLE)[before.focus];
    focus?.focus({ preventScroll: true });
    if (focus?.type === "search" && before.selection != null) focus.setSelectionRange(before.selection, before.selection);
    scrollTo(...before.page);
  };

  // Live: the server says when there is a new answer or how far it is; the page takes it in without a reload.
  const address = document.body.dataset.live;
  if (address) {
    const said = document.querySelector(".live-status");
    let isWaiting = false;
    // Whoever fills in a form is not disturbed; the answer comes when they leave it.
    const isFilling = () => Boolean(document.activeElement?.closest("form"));
    const refresh = async () => {
      if (isFilling()) {
        isWaiting = true;
        return;
      }
      isWaiting = false;
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (isFilling()) {
        isWaiting = true;
        return;
      }
      const before = notice();
      for (const part of ["main", ".pages", ".scope", ".pinned"]) {
        const fresh = page.querySelector(part);
        if (fresh) document.querySelector(part)?.replaceWith(fresh);
      }
      const when = page.querySelector(".live-when");
      document.querySelector(".live-when")?.remove();
      if (when) said.before(when, " ");
      said.textContent = page.querySelector(".live-status")?.textContent ?? "";
      prepareAll();
      restore(before);
      age();
    };
    const tryRefresh = () => { refresh().catch(() => {}); };
    document.addEventListener("focusout", () => { setTimeout(() => { if (isWaiting) tryRefresh(); }); });
    const events = new EventSource(address);
    let wasLost = false;
    events.addEventListener("open", () => {
      if (!wasLost) return;
      wasLost = false;
      said.textContent = "";
      tryRefresh();
    });
    events.addEventListener("assessment", tryRefresh);
    events.addEventListener("progress", (event) => { said.textContent = event.data; });
    events.addEventListener("error", () => {
      wasLost = true;
      said.textContent = "Not connected; the numbers are those of the last answer.";
    });
  }
})();
