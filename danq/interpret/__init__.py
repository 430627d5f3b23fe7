"""Read a trained model: motifs, ablation, probe, attribution, tracks, redesign."""
