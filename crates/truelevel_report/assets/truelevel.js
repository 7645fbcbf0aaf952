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

  // Tables: rows that hold the words, in the order of a column. Unknown values stay last either way.
  const prepare = (table) => {
    const body = table.tBodies[0];
    if (table.dataset.filter && body.rows.length > 8) {
      const label = document.createElement("label");
      label.className = "filter table-filter";
      label.textContent = `Find a ${table.dataset.filter} `;
      const input = label.appendChild(document.createElement("input"));
      input.type = "search";
      const said = label.appendChild(document.createElement("span"));
      said.className = "soft";
      said.setAttribute("role", "status");
      input.addEventListener("input", () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of body.rows) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word));
          if (!row.hidden) shown += 1;
        }
        said.textContent = words.length ? `${shown} of ${body.rows.length}` : "";
      });
      table.closest(".scroll").before(label);
    }
    if (!("sortable" in table.dataset)) return;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const falls = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", falls ? "descending" : "ascending");
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
      });
    });
  };
  const prepareAll = () => document.querySelectorAll("table[data-filter], table[data-sortable]").forEach(prepare);
  prepareAll();

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

  // Live: the server says when there is a new answer or how far it is; the page takes it in without a reload.
  const address = document.body.dataset.live;
  if (address) {
    const said = document.querySelector(".live-status");
    const refresh = async () => {
      const busy = document.activeElement?.closest("form");
      if (busy) return;
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-cache" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of ["main", ".pages", ".scope"]) {
        const fresh = page.querySelector(part);
        if (fresh) document.querySelector(part)?.replaceWith(fresh);
      }
      const when = page.querySelector(".live-when");
      document.querySelector(".live-when")?.remove();
      if (when) said.before(when, " ");
      said.textContent = page.querySelector(".live-status")?.textContent ?? "";
      prepareAll();
      age();
    };
    const events = new EventSource(address);
    events.addEventListener("assessment", () => { refresh().catch(() => {}); });
    events.addEventListener("progress", (event) => { said.textContent = event.data; });
    events.addEventListener("error", () => { said.textContent = "Not connected; the numbers are those of the last answer."; });
  }
})();
