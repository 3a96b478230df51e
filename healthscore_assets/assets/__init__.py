"""The graph, one file per stage; each asset is a caption for a function of another room."""
