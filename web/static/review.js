// The register of a session with the keyboard: shows moments with the face's box, and keeps corrections without a jump.
// Without this script the same forms and links work as they are.
"use strict";

const NEAR_SECONDS = 0.5; // around a moment the box is shown
const KEPT_OFF = "rollcall keys off";
const SAYS = { p: "present", l: "late", a: "absent", e: "excused", u: "undo" };

const video = document.querySelector("[data-video]");
const frame = document.querySelector("[data-frame]");
const photo = document.querySelector("[data-photo]");
const caption = document.querySelector("[data-caption]");
const keys = document.querySelector("[data-keys]");
const keysOn = document.querySelector("[data-keys-on]");
let shown = null; // the moment the player is at

const rows = () => [...document.querySelectorAll("[data-row]")];
const rowOf = (element) => element && element.closest("[data-row]");
let currentId = "";
const current = () => document.getElementById(currentId);

const drawBox = () => {
  const isNear = shown && shown.sides.length === 4 && Math.abs(video.currentTime - shown.at) < NEAR_SECONDS;
  frame.toggleAttribute("hidden", !isNear);
  if (!isNear || !video.videoWidth) return;
  const [left, top, width, height] = shown.sides;
  frame.setAttribute("viewBox", `0 0 ${video.videoWidth} ${video.videoHeight}`);
  const box = frame.firstElementChild;
  box.setAttribute("x", left * video.videoWidth);
  box.setAttribute("y", top * video.videoHeight);
  box.setAttribute("width", width * video.videoWidth);
  box.setAttribute("height", height * video.videoHeight);
};

const seek = () => {
  video.pause();
  video.currentTime = shown.at;
};

const show = (link) => {
  if (!video || !link) return;
  const address = link.href.split("#")[0];
  shown = { at: Number(link.dataset.at), sides: link.dataset.sides.split(" ").filter(Boolean).map(Number) };
  caption.textContent = `${link.dataset.name} at ${link.textContent}`;
  const row = rowOf(link);
  const face = row && row.querySelector("img.face");
  photo.hidden = !face;
  if (face) photo.src = face.src;
  frame.setAttribute("hidden", "");
  if (video.dataset.address !== address) {
    video.dataset.address = address;
    video.preload = "auto";
    video.src = address;
  } else if (video.readyState > 0) seek();
};

const select = (row) => {
  if (!row || row.id === currentId) return;
  currentId = row.id;
  show(row.querySelector(".moment"));
};

const go = (row) => {
  if (!row) return;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  select(row);
};

const move = (step) => {
  const here = current();
  if (here && !here.contains(document.activeElement)) {
    go(here);
    return;
  }
  const all = rows();
  const next = all[all.indexOf(here) + step];
  const beyond = document.querySelector(step > 0 ? "a[rel=next]" : "a[rel=prev]");
  if (next) go(next);
  else if (beyond && here) beyond.click();
};

const nextToCheck = () => {
  const all = rows();
  const here = all.indexOf(current());
  const found = [...all.slice(here + 1), ...all.slice(0, here + 1)].find((row) => "toCheck" in row.dataset);
  const elsewhere = document.querySelector("[data-first-to-check]");
  if (found) go(found);
  else if (elsewhere) elsewhere.click();
};

const say = (text) => {
  document.querySelector("[data-said]").textContent = text;
};

const textsOf = (page, which) => [...page.querySelectorAll(which)].map((element) => element.textContent.trim()).join(" ");
const messagesOf = (page) => textsOf(page, "main > .alert");

// Puts what the server made of a form in the place of what is shown, and leaves everything else where it is.
const replace = (page, id) => {
  const row = page.getElementById(id);
  if (!row) return false;
  document.getElementById(id).replaceWith(row);
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (fresh) part.replaceWith(fresh);
  }
  say(messagesOf(page));
  const field = row.querySelector("input[autofocus]");
  (field || row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  return true;
};

let isSending = false;

const send = async (form, button) => {
  if (isSending) return;
  isSending = true;
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  const id = rowOf(form).id;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    // Without the row it is an error page, or the sign-in of whose session has ended: what it says is all there is.
    if (!replace(page, id)) say(messagesOf(page) || textsOf(page, "main h1, main h1 + p") || "Nothing was kept.");
  } catch {
    say("The server cannot be reached: nothing was kept. Try again.");
  } finally {
    isSending = false;
  }
};

const press = (said) => {
  const row = current();
  if (!row || !row.contains(document.activeElement)) {
    go(row); // so that everybody sees of whom it is said, before it is said
    return;
  }
  const button = row.querySelector(`button[value=${said}]`);
  if (button) button.click();
};

const act = (key) => {
  if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "n") nextToCheck();
  else if (key === "v") show(current() && current().querySelector(".moment"));
  else if (key === "?") keys.showModal();
  else if (SAYS[key]) press(SAYS[key]);
  else return false;
  return true;
};

addEventListener("keydown", (event) => {
  // a dialog that was just closed keeps the focus for a moment
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea, video, dialog[open]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key !== "?" && !keysOn.checked) return;
  if (act(event.key)) event.preventDefault();
});

addEventListener("submit", (event) => {
  if (!event.target.matches("[data-say]")) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

addEventListener("click", (event) => {
  const link = event.target.closest("a.moment");
  if (!link || !video || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (rowOf(link)) currentId = rowOf(link).id;
  show(link);
});

addEventListener("focusin", (event) => select(rowOf(event.target)));

if (video) {
  video.addEventListener("loadedmetadata", seek);
  for (const name of ["seeked", "timeupdate", "loadeddata"]) video.addEventListener(name, drawBox);
  video.addEventListener("error", () => {
    caption.textContent = "The video cannot be played here: it may have been removed, or its format is unknown to this browser.";
  });
}
const keysButton = document.querySelector("[data-keys-button]");
keysButton.classList.remove("invisible");
keysButton.addEventListener("click", () => keys.showModal());
keysOn.checked = !localStorage.getItem(KEPT_OFF);
keysOn.addEventListener("change", () => {
  if (keysOn.checked) localStorage.removeItem(KEPT_OFF);
  else localStorage.setItem(KEPT_OFF, "1");
});

const named = location.hash.startsWith("#row-") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (named) go(named);
else select(document.querySelector("[data-to-check]") || rows()[0]);
