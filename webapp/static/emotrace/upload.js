// Sending a recording: how far it is, in percent; what is wrong, at its field; everything chosen stays chosen.
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const panel = document.getElementById("upload-progress");
  const bar = panel.querySelector("progress");
  const words = document.getElementById("upload-words");
  const send = form.querySelector("[type=submit]");
  const stop = document.getElementById("upload-stop");
  const mega = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  const error = (field) => form.querySelector(`[data-error-for="${field}"]`);

  const complain = (field, message) => {
    const place = error(field) ?? error("__all__");
    place.textContent = message;
    const input = form.elements[field];
    const inputs = input instanceof RadioNodeList ? [...input] : [input].filter(Boolean);
    for (const each of inputs) {
      each.classList.add("is-invalid");
      each.setAttribute("aria-invalid", "true");
    }
    place.closest("details")?.setAttribute("open", "");
    return place;
  };
  const forgive = () => {
    for (const place of form.querySelectorAll("[data-error-for]")) place.textContent = "";
    for (const input of form.querySelectorAll(".is-invalid")) {
      input.classList.remove("is-invalid");
      input.removeAttribute("aria-invalid");
    }
  };
  const report = (problems) => {
    panel.hidden = true;
    send.disabled = false;
    const places = problems.map(([field, message]) => complain(field, message));
    places[0]?.scrollIntoView({ block: "center" });
    const first = form.elements[problems[0]?.[0]];
    (first instanceof RadioNodeList ? first[0] : first)?.focus({ preventScroll: true });
  };

  const chosen = () => ["video", "audio", "eeg"].flatMap((name) => {
    const file = form.elements[name].files[0];
    return file ? [[name, file]] : [];
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    forgive();
    const most = Number(form.dataset.maxBytes);
    const large = chosen().filter(([, file]) => file.size > most);
    if (large.length) {
      report(large.map(([name, file]) =>
        [name, `This file has ${mega(file.size)}; at most ${mega(most)} are read. Choose a shorter or smaller one.`]));
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => {
      if (!sent.lengthComputable) return;
      bar.value = (100 * sent.loaded) / sent.total;
      words.textContent = sent.loaded < sent.total
        ? `${Math.floor((100 * sent.loaded) / sent.total)} % sent, ${mega(sent.loaded)} of ${mega(sent.total)}`
        : "Everything is sent. Checking the files …";
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.responseURL !== form.action) {
        location.assign(request.responseURL);
        return;
      }
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const problems = [...answer.querySelectorAll("[data-error-for]")]
        .filter((place) => place.textContent.trim())
        .map((place) => [place.dataset.errorFor, place.textContent.trim()]);
      report(problems.length ? problems : [["__all__", request.status === 413
        ? "The server does not take files this large. Choose a shorter or smaller one."
        : `The server could not take the recording (${request.status}). Try again in a moment.`]]);
    });
    request.addEventListener("error", () => {
      report([["__all__", "The connection broke before everything was sent. Nothing was kept; send it again."]]);
    });
    request.addEventListener("abort", () => report([["__all__", "Sending was stopped. Nothing was kept."]]));
    stop.onclick = () => request.abort();
    bar.value = 0;
    words.textContent = "0 % sent";
    panel.hidden = false;
    send.disabled = true;
    request.send(new FormData(form));
  });

  // Which models can read what was chosen.
  const suit = () => {
    const withEeg = form.elements.eeg.files.length > 0;
    for (const choice of form.querySelectorAll("[data-reads-eeg]")) {
      choice.disabled = (choice.dataset.readsEeg === "true") !== withEeg;
      if (choice.disabled && choice.checked) form.querySelector("[name=model][value='']").checked = true;
    }
  };
  form.elements.eeg.addEventListener("change", suit);
  suit();

  const drop = form.querySelector(".drop");
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) form.elements.video.files = event.dataTransfer.files;
  });
})();
