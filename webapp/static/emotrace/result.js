// The result page: the player, the timeline and the list of segments show one and the same moment.
(() => {
  const video = document.getElementById("player");
  if (!video) return;
  const clock = (seconds) => {
    const tenths = Math.floor(seconds * 10) / 10;
    const hours = Math.floor(tenths / 3600);
    const minutes = Math.floor((tenths % 3600) / 60);
    const rest = (tenths % 60).toFixed(1).padStart(4, "0");
    return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  };

  // A video that has not loaded yet cannot be seeked: the moment asked for waits for it.
  let waiting = null;
  const seek = (seconds) => {
    if (video.readyState === 0) {
      waiting = seconds;
      video.load();
    } else {
      video.currentTime = seconds;
    }
    show(seconds);
  };
  video.addEventListener("loadedmetadata", () => {
    if (waiting !== null) video.currentTime = waiting;
    waiting = null;
  });

  let current = null;
  const show = (seconds = waiting ?? video.currentTime) => {
    const strip = document.getElementById("strip");
    if (!strip) return;
    const x = `${Math.min(100, (100 * seconds) / Number(strip.dataset.duration))}%`;
    const head = strip.querySelector(".playhead");
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    strip.querySelector(".playhead-knob").setAttribute("cx", x);
    const time = document.getElementById("now-time");
    if (time) time.textContent = clock(seconds);

    const blocks = [...strip.querySelectorAll(".block")];
    const block = blocks.findLast((each) => Number(each.dataset.start) <= seconds + 0.0005) ?? blocks[0];
    if (!block || block === current) return;
    current = block;
    const number = block.dataset.number;
    for (const each of document.querySelectorAll("[data-number]")) {
      each.classList.toggle("current", each.dataset.number === number);
    }
    const row = document.querySelector(`tr[data-number="${number}"]`);
    row?.parentElement.querySelector("[aria-current]")?.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
    keepInSight(row);
    const now = document.getElementById("now-label");
    if (now) now.replaceChildren(...row.querySelector(".emotion-chip").cloneNode(true).childNodes);
    if (now) now.className = `now-label emotion-chip emotion-${block.dataset.label}`;
    const sure = document.getElementById("now-confidence");
    if (sure) sure.textContent = block.dataset.confidence;
  };

  // Only the list moves, never the page under somebody's fingers.
  const keepInSight = (row) => {
    const list = row?.closest(".segments");
    if (!list) return;
    const top = row.offsetTop - list.scrollTop;
    if (top < 40 || top + row.offsetHeight > list.clientHeight) {
      list.scrollTo({ top: row.offsetTop - list.clientHeight / 3, behavior: "smooth" });
    }
  };

  const tick = () => {
    show();
    if (!video.paused && !video.ended) requestAnimationFrame(tick);
  };
  video.addEventListener("play", tick);
  for (const event of ["timeupdate", "seeked", "pause"]) video.addEventListener(event, () => show());

  document.addEventListener("click", (event) => {
    const source = event.target.closest("[data-source]");
    if (source) return choose(source);
    const target = event.target.closest("[data-start]");
    if (target) return seek(Number(target.dataset.start));
    const scrub = event.target.closest("[data-scrub]");
    if (scrub) {
      const box = scrub.getBoundingClientRect();
      seek(((event.clientX - box.left) / box.width) * Number(scrub.closest("svg[data-duration]").dataset.duration));
    }
  });

  // One stop for the Tab key; the arrows walk along the segments.
  document.addEventListener("keydown", (event) => {
    const block = event.target.closest?.(".block");
    if (!block) return;
    const blocks = [...block.parentElement.querySelectorAll(".block")];
    const at = blocks.indexOf(block);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: blocks.length - 1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      seek(Number(block.dataset.start));
    } else if (next === undefined) {
      return;
    } else if (blocks[next]) {
      block.setAttribute("tabindex", "-1");
      blocks[next].setAttribute("tabindex", "0");
      blocks[next].focus();
    }
    event.preventDefault();
  });

  // The labelled video replaces the original under the same moment, playing on if it played.
  const choose = (button) => {
    for (const each of document.querySelectorAll("[data-source]")) {
      each.classList.toggle("active", each === button);
      each.setAttribute("aria-pressed", String(each === button));
    }
    if (video.getAttribute("src") === button.dataset.source) return;
    const moment = waiting ?? video.currentTime;
    const playing = !video.paused && !video.ended;
    waiting = moment || null;
    video.src = button.dataset.source;
    document.getElementById("unplayable").hidden = true;
    if (playing) video.play().catch(() => {});
  };
  video.addEventListener("error", () => { document.getElementById("unplayable").hidden = false; });

  // A label is written on its block where it fits.
  const fit = () => {
    for (const text of document.querySelectorAll("#strip .block text")) {
      text.removeAttribute("visibility");
      const room = text.closest(".block").querySelector(".fill").getBoundingClientRect().width - 12;
      if (text.getComputedTextLength() > room) text.setAttribute("visibility", "hidden");
    }
  };
  const watcher = new ResizeObserver(fit);
  const settle = () => {
    current = null;
    const strip = document.getElementById("strip");
    if (strip) watcher.observe(strip);
    show();
  };
  // Deleted in another tab: there is nothing to ask for any more.
  document.body.addEventListener("htmx:responseError", (event) => {
    const gone = document.getElementById("gone");
    if (event.detail.xhr.status === 404 && gone) gone.parentElement.replaceChildren(gone.content);
  });
  document.body.addEventListener("htmx:afterSettle", () => {
    const labelled = document.querySelector("[data-source][data-fresh]");
    if (labelled) {
      labelled.removeAttribute("data-fresh");
      choose(labelled);
    }
    settle();
  });
  settle();
  if (video.error) document.getElementById("unplayable").hidden = false;
})();
