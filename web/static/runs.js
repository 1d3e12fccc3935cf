// Asks how the runs of the shown session stand, and loads the page anew when they are done; or until the first begins.
"use strict";

const SECONDS = 2;

const watch = async () => {
  const shown = document.querySelector("[data-runs]");
  if (!shown || shown.dataset.runs !== "on") return;
  try {
    const answer = await fetch(shown.closest("[data-progress]").dataset.progress);
    if (answer.ok && !answer.redirected) {
      shown.parentElement.innerHTML = await answer.text();
      if (document.querySelector("[data-runs=done]")) {
        location.replace(location.pathname);
        return;
      }
    } else if (answer.redirected) {
      location.reload(); // the session has ended: the sign-in page says so
      return;
    }
  } catch {
    // The connection is gone for the moment; the next try may find it again.
  }
  setTimeout(watch, 1000 * SECONDS);
};

if (document.querySelector("[data-awaited]")) setTimeout(() => location.reload(), 1000 * SECONDS);
watch();
