// What the chat does in the browser. Gradio draws it; this gives it its language, its memory and its manners.
(() => {
  const KEY = "newspaper-assistant", DRAFT = "newspaper-draft", UNDER = "newspaper-under", THUMBS = "newspaper-thumbs";
  const asked = /(?:^|; )lang=(zh|en)/.exec(document.cookie);
  const chinese = asked ? asked[1] === "zh" : (navigator.language || "zh").toLowerCase().startsWith("zh");
  const say = (zh, en) => (chinese ? zh : en);
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const sheet = matchMedia("(max-width: 900px), (max-height: 500px)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const home = location.origin + location.pathname.replace(/\/$/, "");  // the server may stand under a path
  root.lang = chinese ? "zh-CN" : "en";

  // Every tab keeps its own conversation: Gradio keeps one under KEY, which each tab's own copy replaces at its start.
  const own = sessionStorage.getItem(KEY);
  if (own !== null) localStorage.setItem(KEY, own);
  const write = Storage.prototype.setItem;
  Storage.prototype.setItem = function (key, value) {
    if (this === localStorage && key === KEY) write.call(sessionStorage, key, value);
    write.call(this, key, value);
  };

  const read = (store, key, otherwise) => {
    try { return JSON.parse(store.getItem(key)) ?? otherwise; } catch { return otherwise; }
  };
  const box = () => $("#box textarea");
  const type = (text) => {
    const field = box();
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };

  // ---- what goes with a question, and what can be undone

  let sent = false;       // a question is on its way
  let editing = 0;        // the turn whose question is in the box to be changed
  let aside = [];         // what was read from the newest question and is not to count
  let dropping = null;    // the conversation that is to be shown instead
  let before = null;      // the conversation before it was cleared, cut or changed
  const under = () => Object.fromEntries(Object.entries(read(sessionStorage, UNDER, {})).filter(([, value]) => value));
  const remember = (saved) => { before = saved; offerUndo(); };
  window.newspaper = {
    asking: (typed, saved, model) => {
      if (editing) { remember(saved); saved = saved.slice(0, editing - 1); } else hideUndo();
      stopEditing();
      sent = true;
      aside = [];
      return [typed, saved, model, under()];
    },
    askingAgain: (saved, model) => {
      if (aside.length) remember(saved); else hideUndo();
      return [saved, model, { ...under(), aside }];
    },
    cleared: (saved) => { if (saved.length) remember(saved); return [[]]; },
    changed: (saved) => {
      const shown = dropping || saved;
      dropping = null;
      return [shown];
    },
  };
  const undoBar = Object.assign(document.createElement("div"), { id: "undo", hidden: true });
  undoBar.setAttribute("role", "status");
  const offerUndo = () => {
    undoBar.innerHTML = `<span>${say("对话已改动。", "The conversation was changed.")}</span>` +
      `<button type="button" class="act undo">${say("撤销", "Undo")}</button>`;
    undoBar.hidden = false;
  };
  const hideUndo = () => { undoBar.hidden = true; before = null; };
  const stopEditing = () => { editing = 0; root.classList.remove("editing"); };

  // ---- going to a source and back

  let cameFrom = null;
  const goTo = (place) => {
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    all(".lit").forEach((lit) => lit.classList.remove("lit"));
    place.classList.add("lit");
    place.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
    place.focus({ preventScroll: true });
  };
  const openSheet = () => {
    if (!sheet.matches || root.classList.contains("sheet-open")) return;
    root.classList.add("sheet-open");
    history.pushState({ sheet: true }, "");
  };
  const shutSheet = () => { if (root.classList.contains("sheet-open")) history.back(); };
  addEventListener("popstate", () => {
    root.classList.remove("sheet-open");
    goBack();
  });
  const goBack = () => {
    all(".lit").forEach((lit) => lit.classList.remove("lit"));
    const link = cameFrom && cameFrom.isConnected ? cameFrom : null;
    cameFrom = null;
    if (!link) return;
    link.scrollIntoView({ block: "nearest" });
    link.focus({ preventScroll: true });
  };

  // ---- taking an answer along

  const write_clipboard = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no clipboard without https: the old way
      const field = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  };
  const clipped = (button) => [...$(".clip", button).childNodes]
    .map((piece) => (piece.nodeName === "BR" ? "\n" : piece.textContent)).join("").replaceAll("\ue000", home);
  const post = async (address, body) => {
    const answer = await fetch(home + address, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  };
  const done = (button) => {
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  };
  const savedIn = (acts) => JSON.parse($(".saved", acts).textContent);
  const turnOf = (button) => savedIn(button.closest(".acts"));
  const placeOf = (button) => (button.closest(".asked") ? all("#chat .asked").indexOf(button.closest(".asked")) + 1
    : Number(button.closest(".answer").id.replace("answer-", "")));
  const save = async (answer, name) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(await answer.blob()), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  };

  // ---- thumbs: kept by the time and seal of the answer, so that another answer starts without one

  const thumbs = () => read(localStorage, THUMBS, {});
  const thumb = async (button, liked, reason = "") => {
    const turn = turnOf(button), kept = thumbs();
    const same = kept[turn.stamp]?.liked === liked && !reason;
    await post("/feedback", { turn, liked: same ? null : liked, reason });
    delete kept[turn.stamp];
    if (!same) kept[turn.stamp] = { liked, reason };
    localStorage.setItem(THUMBS, JSON.stringify(Object.fromEntries(Object.entries(kept).slice(-200))));
    showThumbs();
  };
  const showThumbs = () => {
    const kept = thumbs();
    for (const acts of all("#chat .answer .acts")) {
      const mine = kept[savedIn(acts).stamp] || {};
      $(".up", acts).setAttribute("aria-pressed", mine.liked === true);
      $(".down", acts).setAttribute("aria-pressed", mine.liked === false);
      $(".why", acts).hidden = mine.liked !== false;
      all(".reason", acts).forEach((one) => one.setAttribute("aria-pressed", one.classList[2] === mine.reason));
    }
  };

  const acts = {
    edit: (button) => {
      editing = placeOf(button);
      root.classList.add("editing");
      type($(".question", button.closest(".asked")).textContent);
    },
    delete: (button) => {
      const turn = placeOf(button);
      const whole = all("#chat .answer .acts").map((one) => savedIn(one));
      remember(whole);
      dropping = whole.filter((_, at) => at !== turn - 1);
      $("#reshow").click();
    },
    undo: () => {
      dropping = before;
      hideUndo();
      stopEditing();
      $("#reshow").click();
    },
    again: () => $("#again").click(),
    aside: (button) => {
      aside = [...aside, ...[...button.classList].slice(2)];
      $("#again").click();
    },
    up: (button) => thumb(button, true),
    down: (button) => thumb(button, false),
    reason: (button) => thumb(button, false, button.classList[2]),
    sources: (button) => {
      const card = $(`[id^="source-${placeOf(button)}-"]`) || $("#sources .turn");
      cameFrom = button;
      openSheet();
      goTo(card);
    },
    markdown: async (button) => {
      await write_clipboard(await (await post("/export/markdown", { turns: [turnOf(button)] })).text());
      done(button);
    },
    docx: async (button) => save(await post("/export/docx", { turns: [turnOf(button)] }), say("回答.docx", "answer.docx")),
    "all-docx": async () => save(await post("/export/docx", { turns: everyTurn() }), say("对话.docx", "conversation.docx")),
    "all-markdown": async (button) => {
      await write_clipboard(await (await post("/export/markdown", { turns: everyTurn() })).text());
      done(button);
    },
    print: () => print(),
    share: async (button) => {
      const { address } = await (await post("/answers", { turn: turnOf(button) })).json();
      await write_clipboard(home + address);
      done(button);
    },
    unfilter: () => {
      all("[data-under]").forEach((field) => { field.value = ""; });
      keepUnder();
    },
  };
  const everyTurn = () => all("#chat .answer .acts").map((one) => savedIn(one));

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a.cite, a.number");
    const place = link && document.getElementById(link.getAttribute("href").slice(1));
    if (place && link.matches(".cite")) {
      event.preventDefault();
      cameFrom = link;
      openSheet();
      goTo(place);
    } else if (place) {
      event.preventDefault();
      cameFrom = cameFrom || $(`a.cite[href="#${link.closest(".card").id}"]`) || place;
      if (root.classList.contains("sheet-open")) shutSheet(); else goBack();
    }
    if (event.target.closest("button.shut")) shutSheet();
    const button = event.target.closest("button.copy, button.act");
    if (!button) return;
    if (button.matches(".copy")) { await write_clipboard(clipped(button)); button.classList.add("copied"); return done(button); }
    try {
      await acts[button.classList[1]](button);
    } catch (fault) {
      undoBar.textContent = fault.message || say("没有做成，请再试一次。", "That did not work; please try again.");
      undoBar.hidden = false;
    }
  });

  // ---- the box

  let composed = 0;
  addEventListener("compositionend", () => { composed = Date.now(); }, true);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      if (editing) { stopEditing(); type(""); } else if (root.classList.contains("sheet-open")) shutSheet();
      else if ($(".lit")) goBack();
    }
    if (event.key !== "Enter" || event.shiftKey || event.target !== box()) return;
    // Enter that ends a composition is the input method's; Safari sends it after the composition has ended.
    const picks = event.isComposing || event.keyCode === 229 || Date.now() - composed < 50;
    if (picks || !box().value.trim()) event.stopPropagation();
    if (!picks && !box().value.trim()) event.preventDefault();
  }, true);
  addEventListener("input", (event) => {
    if (event.target === box()) sessionStorage.setItem(DRAFT, box().value);
    if (event.target.matches("[data-under]")) keepUnder();
  }, true);
  const keepUnder = () => {
    const values = Object.fromEntries(all("[data-under]").map((field) => [field.dataset.under, field.value.trim()]));
    sessionStorage.setItem(UNDER, JSON.stringify(values));
    showUnder();
  };
  // What was read from the newest question stands with the filters.
  const showRead = () => {
    const place = $(".taken"), newest = all("#chat .answer").at(-1);
    const read = newest && $(".read", newest) ? $(".read", newest).innerHTML : "";
    if (!place || place.dataset.read === read) return;
    place.dataset.read = read;
    place.innerHTML = read;
  };
  const showUnder = () => {
    const set = Object.values(under()).join(" · ");
    if ($(".under .set")) $(".under .set").textContent = set ? `：${set}` : "";
  };

  // ---- what Gradio leaves to be named, and a new question to the top of the view

  const names = [
    ["#box .submit-button", "发送", "Send"], ["#box .stop-button", "停止", "Stop"], ["#box textarea", "问题", "Question"],
    ["#chat [role=log]", "对话", "Conversation"], ["#chat .scroll-down-button-container button", "到最后", "To the end"],
    ["#model input", "语言模型", "Language model"], [".masthead nav", "其他页面", "Other pages"],
  ];
  const englishDate = (text) => text.replace(/(\d{4})年(?:(\d+)月)?(?:(\d+)日)?/g, (_, year, month, day) => [day,
    month && new Date(2000, month - 1).toLocaleString("en", { month: "long" }), year].filter(Boolean).join(" "));
  const name = () => {
    for (const [selector, zh, en] of names) {
      for (const place of all(selector)) if (place.getAttribute("aria-label") !== say(zh, en)) place.setAttribute("aria-label", say(zh, en));
    }
    showRead();
    for (const word of chinese ? [] : all("#chat abbr[title*=年]")) word.title = englishDate(word.title);
    for (const group of all("#chat .examples[role=list]")) {  // its items are buttons, not list items
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", say("可以这样问", "Questions to start with"));
    }
    all("#chat button.example").forEach((example) => {
      if (example.getAttribute("aria-label")) example.removeAttribute("aria-label");
    });
    for (const text of chinese ? all(".toast-wrap *") : []) {
      if (text.children.length) continue;
      if (text.textContent.includes("currently busy")) text.textContent = "现在提问的人太多，请稍后再试。";
      if (["Connection Lost", "Error"].includes(text.textContent.trim())) text.textContent = "连接断了";
      if (text.textContent.includes("Attempting reconnection")) text.textContent = "正在重新连接，写了一半的问题还在。";
    }
  };
  // Room below the newest question, so that it can stand at the top while its answer is short.
  const spare = () => {
    const question = all("#chat .asked").at(-1);
    const pane = question && question.closest(".panel-wrap");
    if (!pane) return null;
    const wrap = $(".message-wrap", pane);
    const used = wrap.lastElementChild.getBoundingClientRect().bottom - question.getBoundingClientRect().top;
    wrap.style.paddingBottom = `${Math.max(16, pane.clientHeight - used - 8)}px`;
    pane.dispatchEvent(new Event("scroll"));  // Gradio looks again whether to offer the way down
    return { question, pane };
  };
  const pin = () => {
    const newest = spare();
    if (newest) newest.pane.scrollTop += newest.question.getBoundingClientRect().top - newest.pane.getBoundingClientRect().top - 8;
  };
  let turns = 0, last = "", started = false;
  const redrawn = () => {
    name();
    const questions = all("#chat .question");
    const newest = questions.at(-1)?.textContent || "";
    root.classList.toggle("talking", questions.length > 0);
    if (questions.length > turns || (questions.length && questions.length === turns && newest !== last)) {
      if (sent) requestAnimationFrame(() => requestAnimationFrame(pin));
      if (sent) sessionStorage.removeItem(DRAFT);
      sent = false;
    }
    turns = questions.length;
    last = newest;
    spare();
    if (!started && box()) {
      started = true;
      document.body.append(undoBar);
      const wanted = new URLSearchParams(location.search).get("q");
      const draft = wanted || sessionStorage.getItem(DRAFT);
      if (draft) type(draft.slice(0, 2000));
      if (wanted) history.replaceState(null, "", location.pathname);
      const kept = read(sessionStorage, UNDER, {});
      all("[data-under]").forEach((field) => { field.value = kept[field.dataset.under] || ""; });
      showUnder();
    }
    showThumbs();
  };
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => { waiting = false; redrawn(); });
  }).observe(root, { childList: true, subtree: true });
})();
