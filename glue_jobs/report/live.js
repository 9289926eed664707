const EVERY_MS = 15000;
const version = async () => (await fetch("version", { cache: "no-store" })).text();
version().then((shown) => setInterval(async () => {
  const now = await version().catch(() => shown); // the server may be away for a while
  if (now !== shown) location.reload();
}, EVERY_MS));
