// What the pages can do besides: the box behind Ctrl-K, branches that open in place, and keeping up with the file.
// Every page works without it.
"use strict";

(() => {
  const get = async (url, signal) => {
    const answer = await fetch(url, { headers: { accept: "text/html" }, signal });
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // ---- The box -------------------------------------------------------------------------------------------------------------------
  const palette = document.getElementById("palette");
  const opener = document.getElementById("palette-open");
  if (palette && opener) {
    const query = document.getElementById("palette-query");
    const list = document.getElementById("palette-list");
    const said = document.getElementById("palette-said");
    const options = () => [...list.children];
    let chosen = -1;
    let asked = null;
    let waiting = 0;
    // What the list answers; nothing while an answer is on its way.
    let shown = null;

    const choose = (at) => {
      const all = shown === null ? [] : options();
      chosen = all.length === 0 ? -1 : (at + all.length) % all.length;
      all.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
      if (chosen < 0) {
        query.removeAttribute("aria-activedescendant");
      } else {
        query.setAttribute("aria-activedescendant", all[chosen].id);
        all[chosen].scrollIntoView({ block: "nearest" });
      }
    };
    // What was found for other words is no answer to these: it cannot be chosen, and goes if the answer takes long.
    const outdate = () => {
      shown = null;
      list.setAttribute("aria-busy", "true");
      options().forEach((option) => option.setAttribute("aria-selected", "false"));
      choose(-1);
    };
    // Whether there is an answer to what stands there now.
    const ask = async () => {
      clearTimeout(waiting);
      asked?.abort();
      const mine = asked = new AbortController();
      const words = query.value.trim();
      let found = [];
      let failed = false;
      if (words !== "") {
        try {
          const page = await get("palette?part=1&q=" + encodeURIComponent(words), mine.signal);
          found = [...page.body.children];
        } catch {
          failed = true;
        }
      }
      if (mine !== asked || words !== query.value.trim()) return false;
      shown = words;
      list.removeAttribute("aria-busy");
      list.replaceChildren(...found);
      query.setAttribute("aria-expanded", String(found.length > 0));
      choose(0);
      said.textContent = words === "" ? "" : failed ? "The search failed."
        : found.length === 0 ? "Nothing was found." : found.length === 1 ? "1 result" : found.length + " results";
      return true;
    };
    const run = (option) => {
      if (option.dataset.go) {
        location.assign(option.dataset.go);
        return;
      }
      const form = document.createElement("form");
      form.method = "post";
      form.action = option.dataset.do;
      const back = document.createElement("input");
      back.type = "hidden";
      back.name = "back";
      back.value = location.pathname.split("/").pop() + location.search;
      form.append(back);
      document.body.append(form);
      form.submit();
    };
    const open = () => {
      if (palette.open) return;
      palette.showModal();
      query.select();
      ask();
    };
    opener.setAttribute("role", "button");
    opener.setAttribute("aria-haspopup", "dialog");
    if (/Mac|iP/.test(navigator.platform)) opener.querySelector("kbd").textContent = "⌘ K";
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      open();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (palette.open) palette.close(); else open();
      }
    });
    query.addEventListener("input", () => {
      clearTimeout(waiting);
      if (query.value.trim() === shown) return;
      outdate();
      waiting = setTimeout(ask, 40);
    });
    query.addEventListener("keydown", async (event) => {
      if (event.isComposing) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        // What was typed last counts, also when Enter comes before the answer.
        if (shown !== query.value.trim() && !await ask()) return;
        const option = options()[chosen];
        if (option) run(option);
      } else if (event.key === "Tab") {
        event.preventDefault();
      }
    });
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && shown !== null) run(option);
    });
    palette.addEventListener("click", (event) => {
      if (event.target === palette) palette.close();
    });
  }

  // ---- The tree ------------------------------------------------------------------------------------------------------------------
  // What the server sent of each part that is kept up to date, before anything here has touched it.
  const sent = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.innerHTML]));
  const twists = (within) => within.querySelectorAll("button.twist").forEach((twist) => { twist.hidden = false; });
  twists(document);
  document.addEventListener("click", async (event) => {
    const twist = event.target.closest("button.twist");
    const more = event.target.closest("a[data-more]");
    if (twist) {
      const branch = twist.parentElement;
      const open = twist.getAttribute("aria-expanded") !== "true";
      twist.setAttribute("aria-expanded", String(open));
      const below = branch.querySelector(":scope > ul");
      if (below) {
        below.hidden = !open;
      } else if (open) {
        const part = await get(twist.dataset.children).catch(() => null);
        if (!part) {
          twist.setAttribute("aria-expanded", "false");
          return;
        }
        twists(part);
        branch.append(...part.body.children);
      }
    } else if (more) {
      event.preventDefault();
      const part = await get(more.href).catch(() => null);
      if (!part) return;
      twists(part);
      const rows = [...part.querySelectorAll("body > ul > li")];
      if (rows.length === 0) return;
      more.parentElement.replaceWith(...rows);
      rows[0].querySelector("a").focus();
    }
  });

  // ---- Live ----------------------------------------------------------------------------------------------------------------------
  const parts = () => [...document.querySelectorAll("[data-live]")];
  const busy = (part) => {
    const here = document.activeElement;
    if (part.querySelector("details[open] form, .twist[aria-expanded=true]")) return true;
    return part.contains(here) && here.matches("input, select, textarea");
  };
  // Asked for anew at once, and then no more often than this, however often somebody writes.
  const PAUSE = 250;
  let renewing = false;
  let again = false;
  let pause = 0;
  let rested = 0;
  const renewSoon = () => {
    if (renewing) again = true;
    else if (pause === 0) pause = setTimeout(renew, Math.max(rested - performance.now(), 0));
  };
  const renew = async () => {
    if (renewing) {
      again = true;
      return;
    }
    renewing = true;
    clearTimeout(pause);
    pause = 0;
    const begun = performance.now();
    try {
      const page = await get(location.href);
      for (const part of parts()) {
        const fresh = page.getElementById(part.id);
        if (!fresh || busy(part) || sent.get(part.id) === fresh.innerHTML) continue;
        sent.set(part.id, fresh.innerHTML);
        const known = new Set([...part.querySelectorAll("[data-seq]")].map((row) => row.dataset.seq));
        const focused = part.contains(document.activeElement) ? focusable(part).indexOf(document.activeElement) : -1;
        if (known.size > 0) {
          fresh.querySelectorAll("[data-seq]").forEach((row) => row.classList.toggle("fresh", !known.has(row.dataset.seq)));
        }
        twists(fresh);
        part.replaceChildren(...fresh.childNodes);
        if (focused >= 0) focusable(part)[focused]?.focus();
      }
      wake();
      if (isOld) told(true);
    } catch {
      // The next message tries again; what stands here is no longer what the file says.
      told(false);
    } finally {
      renewing = false;
      // A page that takes long to make is asked for less often.
      const now = performance.now();
      rested = now + Math.max(PAUSE, now - begun);
      if (again) {
        again = false;
        renewSoon();
      }
    }
  };
  let isOld = false;
  const told = (isLive) => {
    isOld = !isLive;
    const mark = document.getElementById("live");
    if (mark) mark.hidden = !isLive;
  };
  const focusable = (part) => [...part.querySelectorAll("a[href], button, summary, [tabindex]")];

  // What changes by the clock alone says when.
  let alarm = 0;
  const wake = () => {
    clearTimeout(alarm);
    const times = [...document.querySelectorAll("[data-changes-at]")].map((one) => Date.parse(one.dataset.changesAt) - Date.now());
    const next = Math.min(...times.filter((time) => time > -1000));
    if (Number.isFinite(next)) alarm = setTimeout(renew, Math.min(Math.max(next + 50, 500), 2 ** 31 - 1));
  };

  if (parts().length > 0) {
    const mark = document.getElementById("live");
    let stream = null;
    // The page is at least as new as this message.
    let known = document.getElementById("main").dataset.news;
    const close = () => {
      stream?.close();
      stream = null;
    };
    // A browser has few connections to a server: a page that nobody sees holds none.
    const listen = () => {
      if (document.hidden) {
        close();
        return;
      }
      if (stream) return;
      stream = new EventSource("live");
      stream.addEventListener("change", (event) => {
        if (mark) mark.hidden = false;
        const isNews = known !== event.data;
        known = event.data;
        if (isNews) renewSoon();
      });
      stream.addEventListener("error", () => { if (mark) mark.hidden = true; });
    };
    listen();
    document.addEventListener("visibilitychange", listen);
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    wake();
  }

  // ---- Suggestions ---------------------------------------------------------------------------------------------------------------
  document.querySelectorAll("input[list]").forEach((field) => {
    const list = document.getElementById(field.getAttribute("list"));
    if (!list?.dataset.suggestions) return;
    let waiting = 0;
    let asked = null;
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      asked?.abort();
      waiting = setTimeout(async () => {
        asked = new AbortController();
        const part = await get(list.dataset.suggestions + "?q=" + encodeURIComponent(field.value.trim()), asked.signal).catch(() => null);
        if (part) list.replaceChildren(...part.querySelectorAll("option"));
      }, 100);
    });
  });

  // ---- Small things --------------------------------------------------------------------------------------------------------------
  // On a narrow screen the sections scroll.
  const section = document.querySelector(".sections [aria-current]");
  const sections = document.querySelector(".sections");
  if (section) sections.scrollLeft = section.offsetLeft - (sections.clientWidth - section.offsetWidth) / 2;

  // What was said once is not said again when the page is reloaded or shared.
  const here = new URL(location.href);
  if (here.searchParams.has("done")) {
    here.searchParams.delete("done");
    history.replaceState(null, "", here);
  }
  const goBack = document.getElementById("go-back");
  if (goBack && history.length > 1) {
    goBack.addEventListener("click", (event) => {
      event.preventDefault();
      history.back();
    });
  }
})();
