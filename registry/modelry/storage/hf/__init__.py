"""`hf://`: presets on the Hugging Face hub, read with `huggingface_hub`, which is imported where it is used."""
