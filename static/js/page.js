/* What every signed-in page loads. */
import "./live.js";
import "./theme.js";
import "./times.js";
import "./keys.js";
import "./switcher.js";
import "./copy.js";
import "./dialog.js";
import "./drops.js";
import "./keepfocus.js";
import "./cutoff.js";
import "./palette.js";
import "./putaway.js";
import "./toast.js";
import "./frame.js";
