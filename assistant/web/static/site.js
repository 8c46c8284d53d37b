// What the pages can do where there is JavaScript: mark a passage, copy, share, print, sort a table.
(() => {
  // #p=START-END counts the characters of the article, as the server does; JavaScript counts UTF-16 units.
  const mark = () => {
    document.querySelectorAll("#body mark").forEach((old) => old.replaceWith(...old.childNodes));
    const span = /^#p=(\d+)-(\d+)$/.exec(location.hash);
    const body = document.getElementById("body");
    if (!span || !body) return;
    body.normalize();
    let first = null;
    for (const paragraph of body.querySelectorAll("[data-start]")) {
      let at = Number(paragraph.dataset.start);
      const texts = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT), found = [];
      while (texts.nextNode()) found.push(texts.currentNode);
      for (const node of found) {  // a link to a name keeps its place, marked or not
        const text = [...node.data], from = Math.max(0, span[1] - at), to = Math.min(text.length, span[2] - at);
        at += text.length;
        if (from >= to) continue;
        const marked = Object.assign(document.createElement("mark"), { textContent: text.slice(from, to).join("") });
        node.replaceWith(text.slice(0, from).join(""), marked, text.slice(to).join(""));
        first = first || marked;
      }
    }
    if (first) { first.tabIndex = -1; first.scrollIntoView({ block: "center" }); first.focus({ preventScroll: true }); }
  };
  addEventListener("hashchange", mark);
  mark();

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no clipboard without https: the old way
      const box = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  };
  const doing = {
    print: () => print(),
    share: async (button) => {
      if (navigator.share) return navigator.share({ title: document.title, url: location.href }).catch(() => {});
      await copy(location.href);
      button.classList.add("done");
    },
  };
  document.querySelectorAll(".needs-script").forEach((button) => { button.hidden = false; });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-do], button[data-copy]");
    if (!button) return;
    if (button.dataset.do) return doing[button.dataset.do](button);
    await copy(document.getElementById(button.dataset.copy).textContent);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  });
})();
