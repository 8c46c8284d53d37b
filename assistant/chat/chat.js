// What the page does in the browser: the language, citations that lead to their cards, copying.
(() => {
  const chinese = (navigator.language || "zh").toLowerCase().startsWith("zh");
  const root = document.documentElement;
  root.lang = chinese ? "zh-CN" : "en";

  // Opens every fold around the place, brings it into view and marks it.
  const goTo = (place) => {
    for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    document.querySelectorAll(".lit").forEach((lit) => lit.classList.remove("lit"));
    place.classList.add("lit");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    place.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
    place.focus({ preventScroll: true });
  };

  const copy = async (button) => {
    const pieces = [...button.querySelector(".clip").childNodes];
    const text = pieces.map((piece) => (piece.nodeName === "BR" ? "\n" : piece.textContent)).join("");
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no clipboard without https: the old way
      const box = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    button.classList.add("copied");
    setTimeout(() => button.classList.remove("copied"), 1500);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.cite, a.number");
    const place = link && document.getElementById(link.getAttribute("href").slice(1));
    if (place) { event.preventDefault(); goTo(place); }
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });

  // Gradio says that it is busy in English only; and on a phone, where the page itself scrolls,
  // it does not bring a new question into view.
  let asked = 0;
  new MutationObserver(() => {
    for (const text of chinese ? document.querySelectorAll(".toast-wrap *") : []) {
      if (!text.children.length && text.textContent.includes("currently busy")) text.textContent = "现在提问的人太多，请稍后再试。";
    }
    const questions = document.querySelectorAll(".question");
    if (questions.length > asked && matchMedia("(max-width: 700px)").matches) {
      const place = questions[questions.length - 1];
      setTimeout(() => place.scrollIntoView({ block: "start" }), 200);  // when the cards are there again
    }
    asked = questions.length;
  }).observe(root, { childList: true, subtree: true });
})();
