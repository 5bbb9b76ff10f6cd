// Keeps a page that fills up on the server up to date: fetches it again and takes over the parts
// that changed. Every word and mark is the server's; without this module the page reloads itself.

const PAUSE = 700;

for (const live of document.querySelectorAll("[data-live]")) {
  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));

  const take = (fresh) => {
    const old = parts(live);
    for (const [name, part] of parts(fresh)) {
      const there = old.get(name);
      // What did not change keeps its focus.
      if (there && there.outerHTML !== part.outerHTML) there.replaceWith(document.importNode(part, true));
    }
  };

  const look = async () => {
    try {
      const answer = await fetch(window.location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) {
        window.location.reload(); // it says itself what is wrong
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (!fresh) return;
      take(fresh);
      document.title = page.title;
      if ("finished" in fresh.dataset) {
        live.dataset.finished = "";
        return;
      }
    } catch {
      // No connection just now: ask again.
    }
    window.setTimeout(look, PAUSE);
  };
  window.setTimeout(look, PAUSE);
}
