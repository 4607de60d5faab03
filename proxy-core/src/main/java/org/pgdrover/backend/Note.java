package org.pgdrover.backend;

/// A mark by which the owner of an answer knows again what the answer is for.
public interface Note {
    /// The note of an answer that its owner need not tell from others.
    Note NONE = new Note() {
        @Override
        public String toString() {
            return "none";
        }
    };
}
