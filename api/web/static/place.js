// Moves the frame of a signature: by dragging, by arrow keys, by typing numbers. The numbers are
// the truth; the drawing follows them, and the approval form carries a copy of them.

const MM = 72 / 25.4;

for (const root of document.querySelectorAll("[data-placing]")) {
  root.classList.add("has-scripts");
  const numbers = root.querySelector("#placing");
  const approval = root.querySelector("#approve");
  const input = (name) => numbers.elements.namedItem(name);
  const paperOf = (page) => root.querySelector(`[data-page="${page}"]`);
  let group = root.querySelector("[data-place]");
  if (!group && !numbers.querySelector("[value=none]").checked) continue;

  const kind = () => numbers.querySelector("[name=appearance]:checked").value;
  const get = (name) => Number(input(name).value);
  const set = (name, value) => {
    input(name).value = name === "page" ? String(value) : value.toFixed(1);
  };

  const frame = () => ({ page: get("page"), left: get("left"), top: get("top"), width: get("width"), height: get("height") });

  const place = (wanted) => {
    const paper = paperOf(wanted.page);
    if (!paper) return;
    const wide = Number(paper.dataset.width) / MM;
    const high = Number(paper.dataset.height) / MM;
    const width = Math.min(Math.max(wanted.width, 5), wide);
    const height = Math.min(Math.max(wanted.height, 5), high);
    set("page", wanted.page);
    set("left", Math.min(Math.max(wanted.left, 0), wide - width));
    set("top", Math.min(Math.max(wanted.top, 0), high - height));
    set("width", width);
    set("height", height);
    draw();
  };

  const draw = () => {
    const none = kind() === "none";
    root.querySelector("[data-numbers]").hidden = none;
    if (group) group.toggleAttribute("hidden", none);
    const { page, left, top, width, height } = frame();
    const paper = paperOf(page);
    if (group && paper) {
      const drawing = paper.querySelector("svg.over");
      const hadFocus = group.contains(document.activeElement);
      if (group.parentNode !== drawing) drawing.append(group);
      for (const part of group.querySelectorAll("rect, image")) {
        part.setAttribute("x", left * MM);
        part.setAttribute("y", top * MM);
        part.setAttribute("width", width * MM);
        part.setAttribute("height", height * MM);
      }
      const grip = group.querySelector(".grip");
      grip.setAttribute("cx", (left + width) * MM);
      grip.setAttribute("cy", (top + height) * MM);
      if (hadFocus) group.querySelector(".place").focus();
    }
    const where = root.querySelector("[data-where]");
    if (where) {
      where.href = `#p${page}`;
      where.querySelector("span").textContent = String(page);
    }
    for (const mirror of approval.querySelectorAll("[data-mirror]")) {
      mirror.value = mirror.name === "appearance" ? kind() : input(mirror.name).value;
    }
  };

  const reload = () => {
    // Another appearance or identity has another size, picture and place: the server proposes.
    const query = new URLSearchParams({ appearance: kind(), identity: approval.elements.namedItem("identity")?.value ?? "" });
    window.location.replace(`${numbers.action}?${query}#approval`);
  };

  for (const radio of numbers.querySelectorAll("[name=appearance]")) radio.addEventListener("change", reload);
  approval.elements.namedItem("identity")?.addEventListener("change", (event) => {
    const purpose = event.target.selectedOptions[0].dataset.purpose;
    const fitting = purpose === "seal" ? "seal" : "leader";
    if (kind() !== "none") numbers.querySelector(`[value=${fitting}]`).checked = true;
    reload();
  });
  for (const name of ["page", "left", "top", "width", "height"]) {
    input(name).addEventListener("change", () => place(frame()));
  }
  numbers.addEventListener("submit", (event) => {
    event.preventDefault();
    place(frame());
  });

  if (group) {
    const handle = group.querySelector(".place");
    const grip = group.querySelector(".grip");

    const drag = (target, move) => {
      target.addEventListener("pointerdown", (down) => {
        const paper = paperOf(get("page"));
        const scale = Number(paper.dataset.width) / paper.clientWidth / MM; // millimetres per pixel
        const start = frame();
        const step = (event) => place(move(start, (event.clientX - down.clientX) * scale, (event.clientY - down.clientY) * scale));
        const end = () => {
          target.removeEventListener("pointermove", step);
          target.removeEventListener("pointerup", end);
          target.removeEventListener("pointercancel", end);
        };
        target.setPointerCapture(down.pointerId);
        target.addEventListener("pointermove", step);
        target.addEventListener("pointerup", end);
        target.addEventListener("pointercancel", end);
      });
    };
    drag(handle, (from, x, y) => ({ ...from, left: from.left + x, top: from.top + y }));
    drag(grip, (from, x) => {
      // Both sides together: a seal must stay round, a signature must stay somebody's.
      const width = Math.max(from.width + x, 10);
      return { ...from, width, height: (width * from.height) / from.width };
    });

    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    handle.addEventListener("keydown", (event) => {
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      const far = event.shiftKey ? 10 : 1;
      const at = frame();
      place({ ...at, left: at.left + way[0] * far, top: at.top + way[1] * far });
    });
  }

  // One approval, one signature: the server sees to it; this only spares the second click.
  approval.addEventListener("submit", () => {
    approval.querySelector("button[type=submit]").disabled = true;
    approval.querySelector("[data-working]").hidden = false;
  });
  window.addEventListener("pageshow", () => {
    const button = approval.querySelector("button[type=submit]");
    if (button) button.disabled = false;
  });
}
