"""What one sees and moves in a notebook: widgets over the records, drawn by what the documents are drawn by."""
