// A picture that is chosen is shown before it is sent; what the server makes of it is shown after.
const LARGEST = 8 * 1024 * 1024;

document.addEventListener("change", (event) => {
  const field = event.target.closest?.("[data-picture] input[type=file]");
  const file = field?.files[0];
  if (!file || file.size > LARGEST || !file.type.startsWith("image/")) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    const image = new Image();
    image.className = "photo";
    image.alt = "";
    image.addEventListener("load", () => field.closest("[data-picture]").querySelector(".picture-now").replaceChildren(image));
    image.src = reader.result;
  });
  reader.readAsDataURL(file);
});
