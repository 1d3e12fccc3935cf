// Tells what AWS will charge for the chosen videos before a byte of them is sent: the browser reads how long they are.
"use strict";

const told = document.querySelector("[data-minute]");
const chosen = document.querySelector("input[type=file]");

// Resolves to a video's length in seconds, or to nothing where the browser cannot read it.
const lengthOf = (file) => new Promise((done) => {
  const video = document.createElement("video");
  const address = URL.createObjectURL(file);
  const end = (seconds) => {
    URL.revokeObjectURL(address);
    done(Number.isFinite(seconds) ? seconds : undefined);
  };
  video.preload = "metadata";
  video.onloadedmetadata = () => end(video.duration);
  video.onerror = () => end(undefined);
  video.src = address;
});

const inWords = (lengths) => {
  const known = lengths.filter((seconds) => seconds !== undefined);
  const unknown = lengths.length - known.length;
  const minutes = known.reduce((sum, seconds) => sum + seconds, 0) / 60;
  const dollars = minutes * Number(told.dataset.minute) + known.length * Number(told.dataset.steps);
  const parts = [];
  if (known.length > 0) parts.push(`${minutes.toFixed(1)} minutes of video: at most $${dollars.toFixed(2)}.`);
  if (unknown > 0) parts.push(`The browser cannot tell how long ${unknown === 1 ? "one video is" : `${unknown} videos are`}.`);
  return parts.join(" ");
};

let latest = 0;
chosen?.addEventListener("change", async () => {
  latest += 1;
  const asked = latest;
  const lengths = await Promise.all([...chosen.files].map(lengthOf));
  if (asked === latest) told.textContent = inWords(lengths);
});
