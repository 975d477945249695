"""One relay call: from the key to the settled usage row."""
