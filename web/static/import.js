// Sends the photos of an import into the bucket and tells how far they are; then sends the form that does some more
// lines, as its button would, until the page says that all are done.
"use strict";

const go = document.querySelector("[data-go]");
if (go) go.requestSubmit();

const photos = document.querySelector("[data-zip]");

const problemOf = (file) => {
  if (file.size === 0) return "The file is empty: zip the photos again.";
  if (file.size > Number(photos.dataset.most)) return "The file is too large: import the class in parts, or with the command line.";
  return "";
};

const sendPhotos = async (file) => {
  const form = JSON.parse(photos.dataset.zip);
  const [told, sent] = ["told", "sent"].map((name) => photos.querySelector(`[data-${name}]`));
  const bar = Object.assign(document.createElement("progress"), { max: file.size, value: 0 });
  const text = document.createElement("span");
  const label = document.createElement("label");
  label.className = "w-100";
  label.append(text, bar);
  sent.replaceChildren(label);
  told.textContent = "The photos are being sent.";
  try {
    await send("POST", form.url, bodyOf(form, file), (bytes) => {
      bar.value = Math.min(bytes, file.size);
      text.textContent = `${Math.floor((100 * bar.value) / file.size)} % of the photos`;
    });
    location.reload();
  } catch (error) {
    sent.replaceChildren();
    told.replaceChildren(problem(`${error.message} Send them again.`));
  }
};

const problem = (text) => Object.assign(document.createElement("p"), { className: "problem", textContent: text });

if (photos) {
  photos.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = photos.querySelector("button");
    const [file] = photos.querySelector("input[type=file]").files;
    const refused = problemOf(file);
    if (refused) {
      photos.querySelector("[data-told]").replaceChildren(problem(refused));
      return;
    }
    button.disabled = true;
    await sendPhotos(file);
    button.disabled = false;
  });
}
