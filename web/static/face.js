// Makes a photo of an unknown face that was given a name: takes the picture out of the video, and shows it before it is
// sent. Without this script a photo is added on the student's page.
"use strict";

{
  // Of the face's longer side, on each side of it. Where neighbours come into the wider picture, the closer one is taken.
  const MARGINS = [0.35, 0.15];
  const LEAST_SIDE = 80; // pixels; the face service reads no smaller picture
  const QUALITY = 0.95;
  const PATIENCE_MS = 30000;

  const told = {
    video: "The video cannot be read here: it may have been removed, or its format is unknown to this browser. Add a photo on the student's page.",
    slow: "The video does not come: is the connection there? Try again.",
    away: "The server cannot be reached: nothing was kept. Try again.",
    check: "It could not be checked: reload the page, and sign in again if it asks you to.",
  };

  // A video of its own, which a page may read the pixels of; the player's may be shown only.
  const at = (address, seconds) => new Promise((done, fail) => {
    const video = Object.assign(document.createElement("video"), {
      crossOrigin: "anonymous", muted: true, playsInline: true, preload: "auto",
    });
    const end = setTimeout(() => fail(new Error(told.slow)), PATIENCE_MS);
    const settle = (settled, value) => {
      clearTimeout(end);
      settled(value);
    };
    // The moment is cut to milliseconds, and the picture before it may last until then.
    video.addEventListener("loadedmetadata", () => { video.currentTime = seconds + 0.001; });
    video.addEventListener("seeked", () => settle(done, video));
    video.addEventListener("error", () => settle(fail, new Error(told.video)));
    video.src = address;
  });

  const letGo = (video) => {
    video.removeAttribute("src");
    video.load();
  };

  const within = (value, most) => Math.round(Math.min(Math.max(value, 0), most));

  // A square around the box, moved into the picture where it would reach beyond its border.
  const draw = (video, [left, top, width, height], margin, canvas) => {
    const [across, down] = [video.videoWidth, video.videoHeight];
    const wanted = (1 + 2 * margin) * Math.max(width * across, height * down);
    const side = Math.min(Math.round(Math.max(wanted, LEAST_SIDE)), across, down);
    const x = within((left + width / 2) * across - side / 2, across - side);
    const y = within((top + height / 2) * down - side / 2, down - side);
    Object.assign(canvas, { width: side, height: side, hidden: false });
    canvas.getContext("2d").drawImage(video, x, y, side, side, 0, 0, side, side);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  };

  const ask = async (form, picture) => {
    const body = new FormData(form);
    body.set("photo", picture, "face.jpg");
    const answer = await fetch(form.dataset.check, { method: "POST", body });
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error(told.check);
    return answer.json();
  };

  // The first of the pictures that would be taken as a photo, else the last with what is wrong with it.
  const best = async (form, video, sides) => {
    let picture, answer;
    for (const margin of MARGINS) {
      picture = await draw(video, sides, margin, form.querySelector("[data-picture]"));
      answer = await ask(form, picture);
      if (!answer.problem) break;
    }
    return { picture, ...answer };
  };

  const offer = (form, { picture, problem, lookalikes }) => {
    const [text, anyway, send] = ["told", "anyway", "send"].map((name) => form.querySelector(`[data-${name}]`));
    if (problem) text.textContent = `${problem} This picture cannot be kept; add a photo on the student's page.`;
    else if (lookalikes.length) text.textContent = `This face is enrolled already, as student ${lookalikes.join(", ")}. Check who it is.`;
    else text.textContent = "Is it the right face, sharp and from the front? The student is recognised by it from now on.";
    send.hidden = Boolean(problem);
    anyway.hidden = Boolean(problem) || !lookalikes.length;
    anyway.querySelector("input").required = !anyway.hidden;
    if (problem) return;
    const kept = new DataTransfer();
    kept.items.add(new File([picture], "face.jpg", { type: "image/jpeg" }));
    form.querySelector("input[type=file]").files = kept.files;
    send.focus();
  };

  const take = async (form, button) => {
    const link = form.closest("li").querySelector("a.moment");
    button.disabled = true;
    form.querySelector("[data-told]").textContent = "The picture is taken out of the video …";
    let video = null;
    try {
      video = await at(link.href.split("#")[0], Number(link.dataset.at));
      offer(form, await best(form, video, link.dataset.sides.split(" ").map(Number)));
    } catch (error) {
      form.querySelector("[data-told]").textContent = error instanceof TypeError ? told.away : error.message;
    } finally {
      button.disabled = false;
      if (video) letGo(video);
    }
  };

  addEventListener("click", (event) => {
    const button = event.target.closest("[data-take]");
    if (button) take(button.closest("[data-keep-face]"), button);
  });
  document.documentElement.dataset.takesFaces = ""; // the forms are shown where this script runs
}
