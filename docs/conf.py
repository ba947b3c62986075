"""How `make site` builds these pages: strictly, and without anything from elsewhere."""

project = "Reprise"
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["conf.py"]
suppress_warnings = ["myst.xref_missing_lexer"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
html_title = "Reprise"
html_theme = "alabaster"
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "description": "Reposts the stories that mention you",
    "show_powered_by": False,
    "page_width": "1100px",
    "sidebar_width": "240px",
    "fixed_sidebar": False,
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
