// Makes chosen photos as large as a face needs, tells about each at once whether it would be taken, and takes photos with
// the camera. Without this script the form works as it is: the same answers then come after it was sent.
"use strict";

// Five of them fit into one request wherever the web is served, and a face fills enough of them.
const LONGEST_SIDE = 1600;
const QUALITY = 0.9;
// What has less is sent as it is: there is little to save, and a few bytes can be a picture too large to open.
const SMALL_BYTES = 300 * 1024;

const drawn = (picture, width, height) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // a JPEG has no transparency
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0, width, height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
};

// The photo at most that large and upright, which also takes out where it was taken; what cannot be read stays as it
// is, for the server says what is wrong with it.
const scaled = async (file) => {
  if (file.size <= SMALL_BYTES || !["image/jpeg", "image/png"].includes(file.type)) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const blob = await drawn(picture, Math.round(picture.width * scale), Math.round(picture.height * scale));
    picture.close();
    if (!blob || (scale === 1 && blob.size >= file.size)) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
};

for (const field of document.querySelectorAll("[data-photos]")) {
  const form = field.closest("form");
  const input = field.querySelector("input[type=file]");
  const told = field.querySelector("[data-told]");
  const anyway = form.querySelector("[data-anyway]");
  const token = form.querySelector("[name=csrf_token]").value;
  const MOST_BYTES = 5 * 1024 * 1024;
  const MOST_BYTES_IN_ALL = Number(field.dataset.most) - 64 * 1024; // the other fields need some
  let ready = null;
  let isSent = false;

  const problemOf = (file) => {
    if (file.size === 0) return "The photo is empty: choose a JPEG or PNG file.";
    if (file.size > MOST_BYTES) return "The photo is too large: save it smaller, 5 MB is the most.";
    if (!["image/jpeg", "image/png"].includes(file.type)) return "This is neither a JPEG nor a PNG file.";
    return "";
  };

  const ask = async (file) => {
    const body = new FormData();
    body.append("photo", file);
    body.append("csrf_token", token);
    body.append("student_id", form.querySelector("[name=student_id]").value);
    const answer = await fetch(field.dataset.check, { method: "POST", body });
    if (answer.status === 503) return { problem: "It could not be checked just now. It is checked again when you send the form.", lookalikes: [] };
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
      return { problem: "It could not be checked: reload the page, and sign in again if it asks you to.", lookalikes: [] };
    }
    return answer.json();
  };

  const tell = (item, text, kind) => {
    item.textContent = text;
    item.className = kind;
  };

  const check = async (file) => {
    const item = told.appendChild(document.createElement("li"));
    tell(item, `${file.name}: being checked …`, "");
    let answer = { problem: problemOf(file), lookalikes: [] };
    if (!answer.problem) {
      try {
        answer = await ask(file);
      } catch {
        answer.problem = "It could not be checked: is the connection there? It is checked again when you send the form.";
      }
    }
    if (answer.problem) tell(item, `${file.name}: ${answer.problem}`, "problem");
    else if (answer.lookalikes.length) {
      tell(item, `${file.name}: this face is enrolled already, as student ${answer.lookalikes.join(", ")}.`, "warning");
      anyway.hidden = false;
    } else tell(item, `${file.name}: good.`, "good");
  };

  const setSent = (value) => {
    isSent = value;
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = value;
  };

  const keep = (files) => {
    const kept = new DataTransfer();
    for (const file of files) kept.items.add(file);
    input.files = kept.files;
  };

  const bytesInAll = () => [...input.files].reduce((sum, file) => sum + file.size, 0);

  const prepared = async (chosen) => {
    const files = [];
    for (const file of chosen) files.push(await scaled(file));
    return files;
  };

  input.addEventListener("change", async () => {
    told.replaceChildren();
    const preparing = prepared([...input.files]);
    ready = preparing;
    const files = await preparing;
    if (ready !== preparing) return; // others were chosen meanwhile
    keep(files);
    ready = null;
    for (const file of files) await check(file);
  });

  form.addEventListener("submit", async (event) => {
    if (isSent) {
      event.preventDefault(); // a second click while the photos of the first are looked at
    } else if (ready) {
      event.preventDefault();
      await ready;
      form.requestSubmit(event.submitter);
    } else if (bytesInAll() > MOST_BYTES_IN_ALL) {
      event.preventDefault();
      const megabytes = Math.round(MOST_BYTES_IN_ALL / 2 ** 20);
      tell(told.appendChild(document.createElement("li")), `The photos have more than ${megabytes} MB in all: choose fewer, and add the others afterwards.`, "problem");
    } else setSent(true);
  });

  // A page that the browser's button leads back to is as it was left.
  addEventListener("pageshow", () => setSent(false));

  const camera = field.querySelector("[data-camera]");
  if (navigator.mediaDevices && navigator.mediaDevices.getUserMedia) camera.hidden = false;

  camera.querySelector("[data-camera-start]").addEventListener("click", async (event) => {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, facingMode: "user" } });
    } catch {
      tell(told.appendChild(document.createElement("li")), "The camera cannot be used: allow it in the browser, or choose a file.", "problem");
      return;
    }
    event.target.hidden = true;
    const video = document.createElement("video");
    Object.assign(video, { autoplay: true, muted: true, playsInline: true, srcObject: stream });
    const shoot = document.createElement("button");
    Object.assign(shoot, { type: "button", className: "btn btn-outline-secondary", textContent: "Take a photo", disabled: true });
    video.addEventListener("loadeddata", () => {
      shoot.disabled = false;
      shoot.focus();
    });
    camera.append(video, shoot);
    shoot.addEventListener("click", () => take(video));
  });

  const take = async (video) => {
    const blob = await drawn(video, video.videoWidth, video.videoHeight);
    const photo = new File([blob], `camera-${input.files.length + 1}.jpg`, { type: "image/jpeg" });
    keep([...input.files, photo]);
    check(photo);
  };

  // The camera is let go of when the form is sent or left.
  addEventListener("pagehide", () => {
    for (const video of camera.querySelectorAll("video")) for (const track of video.srcObject.getTracks()) track.stop();
  });
}
