// Sends a form's file, or files, with progress. Without this module the form is posted as it is; nothing but
// the waiting looks different. Every outcome is a page of the server's: no verdict is made here.

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const status = form.querySelector("[data-status]");
  const words = status.querySelector("[data-words]");
  const bar = status.querySelector("progress");
  const buttons = form.querySelectorAll("button");

  const chosen = form.querySelector("[data-chosen]");
  form.classList.add("has-scripts");

  const say = (text) => {
    status.hidden = false;
    words.textContent = text;
  };

  const fail = (text) => {
    say(text);
    bar.hidden = true;
    for (const button of buttons) button.disabled = false;
  };

  const send = () => {
    const files = [...input.files];
    if (files.length === 0) return;
    if (files.reduce((sum, file) => sum + file.size, 0) > Number(form.dataset.limit)) {
      fail(form.dataset.tooLarge);
      return;
    }
    chosen.textContent = files.length === 1 ? files[0].name : files.map((file) => file.name).join(", ").slice(0, 200);
    for (const button of buttons) button.disabled = true;
    bar.hidden = false;
    bar.value = 0;
    say(form.dataset.sending);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value"); // how long the check takes is not known: no invented percentage
      say(form.dataset.working);
    });
    request.addEventListener("error", () => fail(form.dataset.failed));
    request.addEventListener("load", () => {
      const answer = request.response ?? {};
      if (request.status < 300 && answer.location) window.location.assign(answer.location);
      else fail(answer.detail ?? form.dataset.failed);
    });
    request.send(new FormData(form));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  input.addEventListener("change", send);

  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over-it");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    form.addEventListener(name, () => form.classList.remove("over-it"));
  }
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length > 0) {
      const dropped = new DataTransfer();
      for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) dropped.items.add(file);
      input.files = dropped.files;
      send();
    }
  });
  // A page that comes back from the browser's memory must be usable again.
  window.addEventListener("pageshow", () => {
    for (const button of buttons) button.disabled = false;
    status.hidden = true;
  });
}
