"""Drawing the page of a task: its parts by subject, markup, figures, and the one HTML file around them."""
