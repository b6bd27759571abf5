// Excerpts are fetched from the pages found, which a browser forbids for pages opened from a file.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
