// Asks how the runs of the shown session stand, and shows the page anew when they are done; or until the first begins.
// A page that somebody works on stays as it is: it says that there is something new, and leads there.
"use strict";

const SECONDS = 2;

// Where the page is shown anew, and where it is told; what it says is read out.
const told = document.querySelector("[data-then]");

const isChanged = (field) => (["checkbox", "radio"].includes(field.type) ? field.checked !== field.defaultChecked
  : field.value !== field.defaultValue);

// Something on the page has the focus, was typed or came back with a problem, or the video plays.
const isInUse = () => Boolean(document.activeElement.closest("main > *") || document.querySelector("main .problem"))
  || [...document.querySelectorAll("main [method=post] :is(input, textarea)")].some(isChanged)
  || [...document.querySelectorAll("main video")].some((video) => !video.paused);

const goOn = (text) => {
  if (isInUse()) told.replaceChildren(Object.assign(document.createElement("a"), { href: told.dataset.then, textContent: text }));
  else location.replace(told.dataset.then);
};

const watch = async () => {
  const shown = document.querySelector("[data-runs]");
  if (!shown || shown.dataset.runs !== "on") return;
  try {
    const answer = await fetch(shown.closest("[data-progress]").dataset.progress);
    if (answer.redirected) {
      goOn("Your session has ended: sign in");
      return;
    }
    if (answer.ok) {
      shown.parentElement.innerHTML = await answer.text();
      if (document.querySelector("[data-runs=done]")) {
        goOn("The register is new: show it");
        return;
      }
    }
  } catch {
    // The connection is gone for the moment; the next try may find it again.
  }
  setTimeout(watch, 1000 * SECONDS);
};

if ("awaited" in told.dataset) setTimeout(() => goOn("The search begins: show how far it is"), 1000 * SECONDS);
watch();
