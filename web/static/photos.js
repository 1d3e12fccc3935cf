// Tells about each chosen photo at once whether it would be taken, and takes photos with the camera.
// Without this script the form works as it is: the same answers then come after it was sent.
"use strict";

for (const field of document.querySelectorAll("[data-photos]")) {
  const form = field.closest("form");
  const input = field.querySelector("input[type=file]");
  const told = field.querySelector("[data-told]");
  const anyway = form.querySelector("[data-anyway]");
  const token = form.querySelector("[name=csrf_token]").value;
  const MOST_BYTES = 5 * 1024 * 1024;

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

  input.addEventListener("change", async () => {
    told.replaceChildren();
    for (const file of input.files) await check(file);
  });

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

  const take = (video) => {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      const kept = new DataTransfer();
      for (const file of input.files) kept.items.add(file);
      const photo = new File([blob], `camera-${kept.items.length + 1}.jpg`, { type: "image/jpeg" });
      kept.items.add(photo);
      input.files = kept.files;
      check(photo);
    }, "image/jpeg", 0.92);
  };

  // The camera is let go of when the form is sent or left.
  addEventListener("pagehide", () => {
    for (const video of camera.querySelectorAll("video")) for (const track of video.srcObject.getTracks()) track.stop();
  });
}
